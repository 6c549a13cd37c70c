import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readableText } from '../../../../src/base/byte-text.ts';
import { SluiceError } from '../../../../src/base/errors.ts';
import { ADA } from '../../../support/git-fixture.ts';
import { fakeProgram } from '../../../support/git-remotes.ts';
import { temporaryDirectory } from '../../../support/git-repositories.ts';
import { queryRows } from '../../../support/sqlite-store.ts';
import { main, newBench, openBench } from './support.ts';

test('an empty repository has no commits, and gets its first ones later (R-25)', async t => {
  const { git, ingest, rows } = await openBench(t);
  const empty = await ingest();
  assert.deepEqual(empty, {
    newCommits: 0,
    removedCommits: 0,
    totals: { commits: 0, authors: 0, firstCommitAt: null, lastCommitAt: null },
  });
  const first = git.commit();
  git.setRefs(main(first));
  assert.equal((await ingest()).newCommits, 1);
  assert.equal((await ingest()).newCommits, 0);
  assert.deepEqual([...(await rows()).keys()], [first]);
});

test('a SHA-256 repository (R-25)', async t => {
  const { git, ingest, rows } = await openBench(t, 'sha256');
  const root = git.commit();
  const tip = git.commit({ parents: [root] });
  git.setRefs(main(tip));
  await ingest();
  const stored = await rows();
  assert.equal(stored.get(tip)?.parents, root);
  assert.equal(stored.get(root)?.parents, '');
});

test('hostile headers and messages become rows, each with what git makes of it (R-25)', async t => {
  const { git, ingest, rows } = await openBench(t);
  const latin1 = Buffer.from([...Buffer.from('J'), 0xf6, ...Buffer.from('rg <j@x> 5 +0000')]);
  const commits = {
    reencoded: git.commit({ author: latin1, headers: ['encoding ISO-8859-1'], message: Buffer.from([0xe4]) }),
    lying: git.commit({ author: latin1, headers: ['encoding UTF-8'] }),
    unknownEncoding: git.commit({ author: latin1, headers: ['encoding no-such-thing'] }),
    nobody: git.commit({ author: ' <> 5 +0000' }),
    noCommitter: git.commit({ committer: undefined }),
    far: git.commit({
      author: 'F <f@x> 18446744073709551615 +0000',
      committer: 'F <f@x> 99999999999 -51800',
    }),
    emptyMessage: git.commit({ message: '' }),
    nul: git.commit({ message: 'before\0after' }),
    windows: git.commit({ message: 'one\r\ntwo\r\n\r\nbody\r\n\r\nCo-authored-by: Eve <e@x>\r\n' }),
    blank: git.commit({ message: '\n\n  \n   indented  \n\nbody' }),
    signed: git.commit({ headers: ['gpgsig a', ' author Eve <e@x> 1 +0000', ' b'] }),
    merge: git.commit({ headers: [`mergetag object ${'0'.repeat(40)}`, ' author Eve <e@x> 1 +0000'] }),
    twice: git.commit({ headers: ['author Zed <z@x> 9 +0000'] }),
  };
  const roots = Object.values(commits);
  const octopus = git.commit({ parents: roots });
  git.setRefs(main(octopus));
  await ingest();
  const stored = await rows();
  const seen = (name: keyof typeof commits) => stored.get(commits[name]);
  assert.equal(stored.get(octopus)?.parents, roots.join(''));
  assert.deepEqual([seen('reencoded')?.author, seen('reencoded')?.subject], ['Jörg', 'ä']);
  assert.deepEqual([seen('lying')?.author, seen('unknownEncoding')?.author], ['J\\xF6rg', 'J\\xF6rg']);
  assert.deepEqual([seen('nobody')?.author, seen('nobody')?.email], ['', '']);
  assert.deepEqual([seen('noCommitter')?.committer, seen('noCommitter')?.committedAt], ['', 0]);
  assert.deepEqual([seen('far')?.authoredAt, seen('far')?.committedZone], [253_402_300_799, -1440]);
  assert.deepEqual([seen('emptyMessage')?.subject, seen('nul')?.subject], ['', 'before']);
  assert.deepEqual([seen('windows')?.subject, seen('windows')?.coAuthors], ['one two', 'Eve <e@x>']);
  assert.equal(
    `${seen('blank')?.subject}\n`,
    git.raw(['log', '-1', '--format=%s', commits.blank]).toString(),
  );
  assert.deepEqual([seen('signed')?.signed, seen('signed')?.author, seen('merge')?.signed], [1, 'Ada', 0]);
  assert.equal(seen('twice')?.author, git.git(['log', '-1', '--format=%an', commits.twice]));
  assert.equal((await ingest()).totals.authors, git.authors());
});

test('what a commit says in another encoding is stored as git shows it (R-25, R-107)', async t => {
  const { git, ingest, rows } = await openBench(t);
  const written: [string, number[]][] = [
    ['ISO-8859-1', [0xe4, 0x85, 0x41]],
    ['latin1', [0xdf]],
    ['ISO-8859-15', [0xa4]],
    ['ISO-8859-2', [0xb1]],
    ['windows-1252', [0x80]],
    ['CP1251', [0xc0]],
    ['koi8-r', [0xc1]],
    ['EUC-JP', [0xa4, 0xa2]],
    ['Shift_JIS', [0x82, 0xa0]],
    ['cp949', [0xb0, 0xa1]],
    ['EUC-KR', [0xb0, 0xa1]],
    ['gb18030', [0xc4, 0xe3]],
    ['GBK', [0xc4, 0xe3]],
    ['Big5', [0xa7, 0x41]],
    ['EUC-JP', [0xff, 0x41]],
    ['utf8', [0xc3, 0xa4]],
    ['no-such-thing', [0xe4]],
    // Names as iconv takes them, and bytes that are none of the encoding.
    ['cp437', [0x82]],
    ['CP850', [0x82]],
    ['IBM850', [0x82]],
    ['cp852', [0x9d]],
    ['CP866', [0x8f]],
    ['MacRoman', [0x8e]],
    ['viscii', [0xd5]],
    ['TIS-620', [0xa1]],
    ['windows-874', [0xa1]],
    ['iso-8859-11', [0xa1]],
    ['ISO-8859-16', [0xaa]],
    ['"iso-8859-1"', [0xe9]],
    [' iso-8859-1 ', [0xe9]],
    ['iso-8859-1//TRANSLIT', [0xe9]],
    ['latin-1', [0xe9]],
    ['latin-2', [0xb1]],
    ['L1', [0xe9]],
    ['US-ASCII', [0xe9]],
    ['ASCII', [0xc3, 0xa9]],
    ['cp1252', [0x61, 0x81, 0x62]],
    ['Shift_JIS', [0x87, 0x40]],
    ['cp932', [0x87, 0x40]],
    ['EUC-KR', [0x8c, 0x63, 0xb9, 0xe6]],
    ['ks_c_5601-1987', [0xb0, 0xa1]],
    ['UTF-7', [0x2b, 0x41, 0x4f, 0x6b, 0x2d]],
    ['binary', [0xe9]],
    ['hex', [0xe9]],
    ['x-user-defined', [0xe9]],
    ...fc.sample(
      fc.tuple(
        fc.constantFrom('iso8859-5', 'cp1250', 'cp1251', 'koi8-u', 'ibm865', 'iso-8859-7', 'LATIN10'),
        fc.array(fc.integer({ min: 0x80, max: 0xff }), { minLength: 1, maxLength: 3 }),
      ),
      { numRuns: 40, seed: 7 },
    ),
  ];
  const commits = written.map(([encoding, bytes]) =>
    git.commit({
      author: Buffer.concat([Buffer.from('A'), Buffer.from(bytes), Buffer.from(' <a@x> 5 +0000')]),
      headers: [`encoding ${encoding}`],
      message: Buffer.from(bytes),
    }),
  );
  git.setRefs(main(git.commit({ parents: commits })));
  await ingest();
  const stored = await rows();
  for (const [index, commit] of commits.entries()) {
    const row = stored.get(commit);
    const asUtf8 = ['log', '-1', '--encoding=UTF-8', '--format=%an%n%s'];
    const shown = readableText(git.raw([...asUtf8, commit]).toString('latin1'));
    assert.equal(`${row?.author}\n${row?.subject}\n`, shown, String(written[index]));
  }
});

test('a message of 40 MB, and one in a single line (R-25)', async t => {
  const { git, ingest, rows } = await openBench(t);
  const lines = git.commit({
    message: `subject\n\n${'line of text\n'.repeat(3_000_000)}\nCo-authored-by: Eve <e@x>\n`,
  });
  const line = git.commit({ parents: [lines], message: 'x'.repeat(20_000_000) });
  git.setRefs(main(line));
  await ingest();
  const stored = await rows();
  assert.deepEqual([stored.get(lines)?.subject, stored.get(lines)?.coAuthors], ['subject', 'Eve <e@x>']);
  assert.equal(stored.get(line)?.subject, 'x'.repeat(1000));
});

test('replace refs and grafts do not change history (R-25)', async t => {
  const { git, ingest, rows } = await openBench(t);
  const root = git.commit();
  const tip = git.commit({ parents: [root] });
  const fake = git.commit({ message: 'fake' });
  git.setRefs(new Map([...main(tip), [`refs/replace/${tip}`, fake]]));
  git.write('info/grafts', `${tip}\n`);
  await ingest({ tips: main(tip) });
  assert.deepEqual([...(await rows()).keys()].sort(), [root, tip].sort());
});

test('tags are followed to their commits; tags of trees and blobs are passed over (R-25)', async t => {
  const { git, ingest, rows } = await openBench(t);
  const tagged = git.commit({ message: 'tagged' });
  const blob = git.git(['hash-object', '-w', '--stdin'], 'text');
  const tag = (type: string, object: string): string =>
    git.git(['mktag'], `object ${object}\ntype ${type}\ntag t\ntagger ${ADA}\n\nmessage\n`);
  const inner = tag('commit', tagged);
  git.setRefs(
    new Map([
      ['refs/tags/nested', tag('tag', inner)],
      ['refs/tags/blob', blob],
      ['refs/tags/blob-annotated', tag('blob', blob)],
    ]),
  );
  assert.equal((await ingest()).newCommits, 1);
  assert.deepEqual([...(await rows()).keys()], [tagged]);
  assert.equal((await ingest()).newCommits, 0);
});

test('news are found by reachability, however old they are; force-pushes and deletions take commits out (R-23)', async t => {
  const { git, ingest, rows } = await openBench(t);
  const at = (seconds: number): string => `Ada <ada@example.org> ${seconds} +0000`;
  const root = git.commit({ committer: at(1000) });
  const tip = git.commit({ parents: [root], committer: at(2000) });
  git.setRefs(main(tip));
  await ingest();
  const old = git.commit({ parents: [root], committer: at(500) });
  const merged = git.commit({ parents: [tip, old], committer: at(3000) });
  git.setRefs(
    new Map([...main(merged), ['refs/heads/topic', git.commit({ parents: [tip], message: 'topic' })]]),
  );
  assert.deepEqual(await summary(ingest()), [3, 0, 5]);
  git.setRefs(main(merged));
  assert.deepEqual(await summary(ingest()), [0, 1, 4]);
  const forced = git.commit({ parents: [root], message: 'forced' });
  git.setRefs(main(forced));
  assert.deepEqual(await summary(ingest()), [1, 3, 2]);
  git.setRefs(new Map([['refs/heads/renamed', forced]]));
  assert.deepEqual(await summary(ingest()), [0, 0, 2]);
  git.setRefs(new Map());
  assert.deepEqual(await summary(ingest()), [0, 2, 0]);
  assert.equal((await rows()).size, 0);
});

async function summary(
  result: Promise<{ newCommits: number; removedCommits: number; totals: { commits: number } }>,
) {
  const { newCommits, removedCommits, totals } = await result;
  return [newCommits, removedCommits, totals.commits];
}

test('wrong clocks never cost reachable commits (R-23)', async t => {
  const { git, ingest, rows } = await openBench(t);
  const at = (seconds: number): string => `Ada <ada@example.org> ${seconds} +0000`;
  // A long chain whose dates run backwards: git gives up early when it looks for what both sides share.
  const chain: string[] = [git.commit({ committer: at(4_000_000_000) })];
  for (let index = 1; index < 40; index += 1) {
    chain.push(git.commit({ parents: [chain[index - 1] ?? ''], committer: at(1_000_000 - index * 1000) }));
  }
  const left = git.commit({ parents: [chain[39] ?? ''], committer: at(3_000_000_000), message: 'left' });
  const right = git.commit({
    parents: [chain[0] ?? '', chain[39] ?? ''],
    committer: at(10),
    message: 'right',
  });
  git.setRefs(main(left));
  await ingest();
  git.setRefs(main(right));
  const result = await ingest();
  assert.equal(result.totals.commits, git.count());
  assert.deepEqual([...(await rows()).keys()].sort(), git.git(['rev-list', '--all']).split('\n').sort());
});

test('old tips that are gone from the repository are made up for by comparing everything (R-23)', async t => {
  const { git, ingest, rows } = await openBench(t);
  const root = git.commit();
  git.setRefs(main(git.commit({ parents: [root], message: 'lost' })));
  await ingest();
  const tip = git.commit({ parents: [root], message: 'kept' });
  git.setRefs(main(tip));
  git.git(['prune', '--expire=now']);
  const result = await ingest();
  assert.equal(result.totals.commits, 2);
  assert.deepEqual([...(await rows()).keys()].sort(), [root, tip].sort());
});

test('missing objects are an error that says so, and what was stored stays (R-10, T-9)', async t => {
  const { git, ingest } = await openBench(t);
  const chain = git.commits(
    Array.from({ length: 300 }, (_, index) => ({ parents: index ? [index - 1] : [] })),
  );
  git.setRefs(main(chain.at(-1) ?? ''));
  git.git(
    ['-c', 'gc.reflogExpire=now', 'unpack-objects', '-q'],
    git.raw(['pack-objects', '--all', '--stdout', '-q']),
  );
  const packs = join(git.gitDir, 'objects/pack');
  rmSync(packs, { recursive: true });
  const loose = git.commit({ parents: [chain.at(-1) ?? ''] });
  const gone = join(git.gitDir, 'objects', loose.slice(0, 2), loose.slice(2));
  git.setRefs(main(loose));
  rmSync(gone);
  const tips = main(loose);
  await assert.rejects(
    ingest({ tips }),
    error => error instanceof SluiceError && error.code === 'repository_corrupt',
  );
});

test('100 000 refs (R-25)', async t => {
  const { git, ingest } = await openBench(t);
  const commits = git.commits(
    Array.from({ length: 100 }, (_, index) => ({ parents: index ? [index - 1] : [] })),
  );
  const many = new Map<string, string>();
  for (let index = 0; index < 100_000; index += 1)
    many.set(`refs/heads/b${index}`, commits[index % 100] ?? '');
  const packed = [...many].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, tip]) => `${tip} ${name}\n`);
  writeFileSync(
    join(git.gitDir, 'packed-refs'),
    `# pack-refs with: peeled fully-peeled sorted \n${packed.join('')}`,
  );
  assert.equal((await ingest({ tips: many })).newCommits, 100);
  many.set('refs/heads/new', git.commit({ parents: [commits[99] ?? ''] }));
  assert.equal((await ingest({ tips: many })).newCommits, 1);
});

test('cancelling stops it, and the next call goes on where it stopped', async t => {
  const { git, ingest } = await openBench(t);
  // More than a batch; all of it may have been read when the first one is stored.
  const message = 'a message';
  const chain = git.commits(
    Array.from({ length: 3000 }, (_, index) => ({ message, parents: index ? [index - 1] : [] })),
  );
  git.setRefs(main(chain.at(-1) ?? ''));
  const stop = new AbortController();
  const cancelled = ingest({ signal: stop.signal, onProgress: () => stop.abort() });
  await assert.rejects(cancelled, error => error instanceof SluiceError && error.code === 'cancelled');
  const result = await ingest();
  assert.ok(
    result.newCommits < 3000 && result.newCommits > 0,
    `${result.newCommits} of 3000 after the resume`,
  );
  assert.equal(result.totals.commits, 3000);
});

test('repositories of one store do not touch each other', async t => {
  const bench = await openBench(t);
  const other = await newBench(bench.store, join(bench.git.gitDir, '../other.git'));
  const shared = bench.git.commit();
  assert.equal(other.git.commit(), shared);
  bench.git.setRefs(main(shared));
  other.git.setRefs(main(other.git.commit({ parents: [shared] })));
  await Promise.all([bench.ingest(), other.ingest()]);
  other.git.setRefs(new Map());
  assert.equal((await other.ingest()).totals.commits, 0);
  assert.equal((await bench.rows()).size, 1);
});

test('git that stands still in the middle of a history is stopped, and says so (R-106)', async t => {
  const bench = await openBench(t);
  bench.git.setRefs(main(bench.git.commit()));
  const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
  fakeProgram(
    t,
    temporaryDirectory(t),
    'git',
    `case "$*" in *rev-list*) exec sleep 60;; esac\nexec ${real} "$@"`,
  );
  await assert.rejects(bench.ingest({ silenceMs: 300 }), {
    code: 'timed_out',
    message: /git gave no commit of the history for 0.3 s/,
  });
});

test('whole messages come with their commits and go with them (R-113)', async t => {
  const { git, ingest, store } = await openBench(t);
  const stored = async (): Promise<unknown[]> =>
    (await queryRows(store, 'SELECT message, trailers FROM commit_messages')).map(row => ({ ...row }));
  const root = git.commit({ message: Buffer.from('root') });
  const body = 's\n\nwhy\n\nSigned-off-by: Ada <ada@x>';
  git.setRefs(main(git.commit({ parents: [root], message: Buffer.from(`${body}\n`) })));
  await ingest();
  assert.deepEqual(await stored(), [{ message: body, trailers: '[["Signed-off-by","Ada <ada@x>"]]' }]);
  git.setRefs(main(root));
  await ingest();
  assert.deepEqual(await stored(), []);
});
