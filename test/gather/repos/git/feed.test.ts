import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feed } from '../../../../src/gather/repos/git/feed.ts';
import { type GitOptions, type GitProcess, spawnGit } from '../../../../src/gather/repos/git/spawn.ts';
import { GitFixture } from '../../../support/git-fixture.ts';
import { temporaryDirectory } from '../../../support/git-repositories.ts';

/** `git rev-list ARGS | git cat-file ARGS`. */
function fed(options: GitOptions, write: readonly string[], read: readonly string[]): GitProcess {
  return feed(spawnGit(['cat-file', ...read], options), output =>
    spawnGit(['rev-list', ...write], { ...options, output }),
  );
}

async function textOf(git: GitProcess): Promise<string> {
  git.stdin.end();
  let text = '';
  for await (const chunk of git.stdout) text += chunk;
  return text;
}

test('what one git writes another one reads, to the end', async t => {
  const git = new GitFixture(`${temporaryDirectory(t)}/a.git`);
  const shapes = Array.from({ length: 5000 }, (_, index) => ({ parents: index === 0 ? [] : [index - 1] }));
  const commits = git.commits(shapes);
  git.setRefs(new Map([['refs/heads/main', commits.at(-1) ?? '']]));
  const both = fed({ gitDir: git.gitDir }, ['--all'], ['--batch-check', '--buffer']);
  const lines = (await textOf(both)).trimEnd().split('\n');
  await both.done;
  assert.deepEqual(
    new Set(lines.map(line => line.split(' ').slice(0, 2).join(' '))),
    new Set(commits.map(id => `${id} commit`)),
  );
});

test('the two fail as one: by the one that reads, else by the one that writes', async t => {
  const git = new GitFixture(`${temporaryDirectory(t)}/a.git`);
  git.setRefs(new Map([['refs/heads/main', git.commit()]]));
  const options = { gitDir: git.gitDir };
  const badReader = fed(options, ['--all'], ['--no-such-option']);
  await textOf(badReader);
  await assert.rejects(badReader.done, { operation: 'git cat-file' });
  const badWriter = fed(options, ['f'.repeat(40)], ['--batch']);
  assert.equal(await textOf(badWriter), '');
  await assert.rejects(badWriter.done, { code: 'repository_corrupt', operation: 'git rev-list' });
  const stop = new AbortController();
  stop.abort();
  const stopped = fed({ ...options, signal: stop.signal }, ['--all'], ['--batch']);
  await assert.rejects(stopped.done, { code: 'cancelled' });
});
