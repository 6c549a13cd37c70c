import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { SluiceError } from '../../../../src/base/errors.ts';
import { IdSet } from '../../../../src/gather/repos/git/id-set.ts';
import type { CommitSource } from '../../../../src/gather/repos/history/commit-source.ts';
import { ThreadedParser } from '../../../../src/gather/repos/history/threaded-parser.ts';
import { readCommits, walkCommits } from '../../../../src/gather/repos/history/walk.ts';
import type { CommitRow } from '../../../../src/keep/store/types.ts';
import { GitFixture } from '../../../support/git-fixture.ts';
import { temporaryDirectory } from '../../../support/git-repositories.ts';
import { makeDirectory } from '../../../support/left-behind.ts';
import { until } from '../../../support/sluice.ts';

const COMMITS = 30_000;

/** Descriptors that this process has open; elsewhere than on Linux nothing tells, and no thread parses. */
function descriptors(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
}

/** For all tests of this file: none changes it. */
const HISTORY = longHistory();

function longHistory(): GitFixture {
  const { path, remove } = makeDirectory('sluice-test');
  after(remove);
  const git = new GitFixture(`${path}/a.git`);
  const shapes = Array.from({ length: COMMITS }, (_, index) => ({
    parents: index === 0 ? [] : [index - 1],
    author: `P${index % 7} <p${index % 7}@x> ${1_600_000_000 + index} +0100`,
    message: `subject ${index} ü\n\nbody\n\nCo-authored-by: Q${index % 5} <q@x>\n`,
  }));
  git.setRefs(new Map([['refs/heads/main', git.commits(shapes).at(-1) ?? '']]));
  return git;
}

function parsingThread(t: TestContext): ThreadedParser {
  const parsing = new ThreadedParser();
  t.after(() => parsing.close());
  return parsing;
}

async function allOf(source: CommitSource): Promise<CommitRow[]> {
  const rows: CommitRow[] = [];
  for (let batch = await source.next(); batch.length > 0; batch = await source.next()) rows.push(...batch);
  await source.close();
  await source.done;
  return rows;
}

test('a thread parses what this thread would, one walk after another', async t => {
  const git = HISTORY;
  const context = { gitDir: git.gitDir, parsing: parsingThread(t) };
  const from = IdSet.of(git.refs().values());
  // The first pipe of a process has Node open a descriptor that it keeps.
  await allOf(walkCommits({ from }, COMMITS - 1, context));
  await context.parsing.close();
  const before = descriptors();
  const rows = await allOf(walkCommits({ from }, 0, context));
  assert.equal(rows.length, COMMITS);
  const hashes = rows.map(({ hash }) => hash);
  assert.deepEqual(rows, await allOf(readCommits(hashes, context)));
  assert.deepEqual(
    (await allOf(walkCommits({ from }, 29_990, context))).map(({ hash }) => hash),
    hashes.slice(29_990),
  );
  await context.parsing.close();
  // The ends of git's pipes go with events of their own.
  await until('descriptors are closed', () => descriptors() <= before);
});

test('a walk that is given up ends git, its pipe and the thread; the next walk has another', async t => {
  const git = HISTORY;
  const context = { gitDir: git.gitDir, parsing: parsingThread(t) };
  const from = IdSet.of(git.refs().values());
  const source = walkCommits({ from }, 0, context);
  assert.ok((await source.next()).length > 0);
  await source.close();
  await source.close();
  await assert.rejects(source.done, error => error instanceof SluiceError);
  assert.equal((await allOf(walkCommits({ from }, 0, context))).length, COMMITS);
});

test('git that is stopped, or fails, ends the walk with its own error', async t => {
  const git = HISTORY;
  const stop = new AbortController();
  const context = { gitDir: git.gitDir, parsing: parsingThread(t), signal: stop.signal };
  const stopped = walkCommits({ from: IdSet.of(git.refs().values()) }, 0, context);
  await stopped.next();
  stop.abort();
  await assert.rejects(allOf(stopped), { code: 'cancelled' });
  const failing = walkCommits({ from: IdSet.of(['f'.repeat(40)]) }, 0, { ...context, signal: undefined });
  await assert.rejects(allOf(failing), { code: 'repository_corrupt' });
});

test('a commit that a commit-graph names and the packs lack is an error that names it', async t => {
  const git = new GitFixture(`${temporaryDirectory(t)}/a.git`);
  const chain: string[] = [];
  for (let index = 0; index < 5; index += 1) chain.push(git.commit({ parents: chain.slice(-1) }));
  git.setRefs(new Map([['refs/heads/main', chain[4] ?? '']]));
  git.git(['commit-graph', 'write', '--reachable']);
  const lost = chain[2] ?? '';
  rmSync(join(git.gitDir, 'objects', lost.slice(0, 2), lost.slice(2)));
  const context = { gitDir: git.gitDir, parsing: parsingThread(t) };
  const walk = walkCommits({ from: IdSet.of(git.refs().values()) }, 0, context);
  await assert.rejects(
    (async () => {
      try {
        await allOf(walk);
      } finally {
        await walk.close();
      }
    })(),
    { code: 'repository_corrupt', message: new RegExp(lost) },
  );
});

test('a thread that nobody needs keeps no process alive, and may be closed at any time', async t => {
  const parsing = parsingThread(t);
  parsing.prepare();
  await parsing.close();
  await parsing.close();
  parsing.prepare();
});
