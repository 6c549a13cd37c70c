import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fetchObjects } from '../../../../src/gather/repos/clone/fetch.ts';
import { initialiseClone } from '../../../../src/gather/repos/clone/initialise.ts';
import { writeCommitGraph } from '../../../../src/gather/repos/clone/maintain.ts';
import { lsRemote } from '../../../../src/gather/repos/git/remote.ts';
import { CloneBench } from '../../../support/git-clones.ts';
import { fakeProgram, startHttpRemote } from '../../../support/git-remotes.ts';

/** Gives the upstream these refs (raw names), in one packed file as a server may have them, each with a commit. */
function giveRefs(bench: CloneBench, names: readonly string[]): Map<string, string> {
  const ids = new Map(names.map((name, index) => [name, bench.upstream.commit(`of ref ${index}`)] as const));
  const main = bench.upstream.commit('main');
  ids.set('refs/heads/main', main);
  const lines = [...ids].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, id]) => `${id} ${name}\n`);
  writeFileSync(
    join(bench.upstream.path, 'packed-refs'),
    `# pack-refs with: peeled fully-peeled sorted \n${lines.join('')}`,
    'latin1',
  );
  return ids;
}

const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

test('refs of all that git allows come along, two are never one, and one that is none costs itself alone (R-104)', async t => {
  const bench = new CloneBench(t);
  const good: readonly (readonly [raw: string, name: string])[] = [
    ['refs/heads/b\xe9', 'refs/heads/b\\xE9'],
    ['refs/heads/b\xe8', 'refs/heads/b\\xE8'],
    [utf8('refs/heads/caf\u00e9'), 'refs/heads/caf\u00e9'],
    [utf8('refs/heads/cafe\u0301'), 'refs/heads/cafe\u0301'],
    [utf8('refs/heads/a\u00a0b'), 'refs/heads/a\u00a0b'],
    [utf8('refs/heads/a\u2028b'), 'refs/heads/a\u2028b'],
    [utf8('refs/heads/a\u0085b'), 'refs/heads/a\u0085b'],
    ...[
      'refs/heads/Foo',
      'refs/heads/foo',
      'refs/heads/FOO/bar',
      'refs/heads/HEAD',
      'refs/heads/-x',
      'refs/tags/-d',
      'refs/heads/x',
      'refs/heads/x/y',
      'refs/heads/refs/heads/main',
      `refs/heads/${'a'.repeat(255)}`,
      `refs/heads/${'a'.repeat(300)}`,
      `refs/heads/${'aaaaaaaaa/'.repeat(420)}z`,
      'refs/heads/$(touch${IFS}x)',
      'refs/heads/a"b',
      'refs/heads/%2e%2e',
    ].map(name => [name, name] as const),
  ];
  const ids = giveRefs(
    bench,
    good.map(([raw]) => raw),
  );
  const wanted = [['refs/heads/main', 'refs/heads/main'] as const, ...good].map(([raw, name]) => [
    name,
    ids.get(raw),
  ]);
  const http = await startHttpRemote(t, bench.root);
  for (const text of [bench.upstream.path, `${http.origin}/r`]) {
    const clone = await bench.sync(text);
    assert.deepEqual(Object.fromEntries(clone.tips), Object.fromEntries(wanted), text);
    assert.equal((await bench.sync(text)).outcome, 'unchanged', 'as git itself reads them');
    const listed = execFileSync('git', ['-C', clone.gitDir, 'for-each-ref', '--format=%(refname)'], {
      encoding: 'latin1',
    });
    assert.deepEqual(
      listed.trim().split('\n').sort(),
      ['refs/heads/main', ...good.map(([raw]) => raw)].sort(),
    );
  }
});

test('a ref without content costs itself alone, at the remote and in the clone (R-104)', async t => {
  const bench = new CloneBench(t);
  const tip = bench.upstream.commit('one');
  const { gitDir } = await bench.sync();
  writeFileSync(join(bench.upstream.path, 'refs/heads/empty'), '');
  execFileSync('mkdir', ['-p', join(gitDir, 'refs/heads')]);
  writeFileSync(join(gitDir, 'refs/heads/main'), '');
  assert.deepEqual(Object.fromEntries((await bench.sync()).tips), { 'refs/heads/main': tip });
  const later = bench.upstream.commit('two');
  assert.deepEqual(Object.fromEntries((await bench.sync()).tips), { 'refs/heads/main': later });
});

test('20 000 refs are cloned and followed in seconds: git is not left to write each to a file (R-105)', async t => {
  const bench = new CloneBench(t);
  const tip = bench.upstream.commit('one');
  const lines = Array.from({ length: 20_000 }, (_, at) => `${tip} refs/heads/t/${at % 50}/b${at}\n`).sort();
  writeFileSync(join(bench.upstream.path, 'packed-refs'), `# pack-refs with: sorted \n${lines.join('')}`);
  const startMs = performance.now();
  assert.equal((await bench.sync()).tips.size, 20_001);
  bench.upstream.commit('two');
  const clone = await bench.sync();
  assert.deepEqual([clone.outcome, clone.tips.size], ['fetch', 20_001]);
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs < 15_000, `${Math.round(tookMs)} ms`);
});

test('times near 2⁶³ do not keep a clone from its commit-graph, and one that is never done is left with a warning (R-106)', async t => {
  const bench = new CloneBench(t);
  const { path } = bench.upstream;
  let parent = '';
  for (const time of ['99999999999999999999 +0000', '9223372036854775807 +0000', '17000000 -0000']) {
    const who = (role: string): string => `${role} A <a@x> ${time}\n`;
    const tree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
    const text = `tree ${tree}\n${parent && `parent ${parent}\n`}${who('author')}${who('committer')}\nm\n`;
    execFileSync('git', ['-C', path, 'hash-object', '-t', 'tree', '-w', '--stdin'], { input: '' });
    const hash = ['-C', path, 'hash-object', '-t', 'commit', '-w', '--literally', '--stdin'];
    parent = execFileSync('git', hash, { input: text, encoding: 'utf8' }).trim();
  }
  execFileSync('git', ['-C', path, 'update-ref', 'refs/heads/main', parent]);
  const { gitDir, warnings } = await bench.sync(undefined, { signal: AbortSignal.timeout(20_000) });
  assert.deepEqual(warnings, []);
  fakeProgram(t, bench.root, 'git', 'exec sleep 60');
  const [warning] = await writeCommitGraph(gitDir, undefined, { timeoutMs: 60_000, idleTimeoutMs: 200 });
  assert.equal(warning?.code, 'timed_out');
  const [late] = await writeCommitGraph(gitDir, undefined, { timeoutMs: 200, idleTimeoutMs: 60_000 });
  assert.match(late?.message ?? '', /git commit-graph was not done after 0.2 s/);
});

test('a fetch asks only for what the clone lacks, and for much of it in parts (R-650)', async t => {
  const bench = new CloneBench(t);
  const asked = join(bench.root, 'asked');
  const git = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
  fakeProgram(
    t,
    bench.root,
    'git',
    `case " $* " in *" fetch "*) { cat; echo; } | tee -a '${asked}' | ${git} "$@" ;; *) exec ${git} "$@" ;; esac`,
  );
  const parts = (): string[][] => {
    const written = readFileSync(asked, 'utf8').trim().split('\n\n');
    writeFileSync(asked, '');
    return written.map(part => part.split('\n'));
  };
  const names = Array.from({ length: 6 }, (_, at) => `refs/heads/b${at}`);
  const ids = giveRefs(bench, names);
  // As 16 384 at a time: what came with the parts before is named by no ref of the clone yet.
  const remoteRefs = await lsRemote(bench.remote());
  const gitDir = join(bench.root, 'c.git');
  const { spelling, otherRefs } = remoteRefs;
  await initialiseClone(gitDir, {
    url: bench.remote().url,
    objectFormat: 'sha1',
    lean: true,
    spelling,
    otherRefs,
  });
  const options = { gitDir, subject: 'r', remoteRefs, lean: true, shallow: false, idleTimeoutMs: 60_000 };
  await fetchObjects({ ...options, known: new Map(), idsAtOnce: 3 });
  const main = ids.get('refs/heads/main');
  assert.deepEqual(parts(), [
    [main, ids.get('refs/heads/b0'), ids.get('refs/heads/b1')],
    ['b2', 'b3', 'b4'].map(name => ids.get(`refs/heads/${name}`)),
    [ids.get('refs/heads/b5')],
  ]);
  for (const id of ids.values()) execFileSync(git, ['-C', gitDir, 'cat-file', '-e', id]);
  await bench.sync();
  parts();
  const later = bench.upstream.commit('two');
  bench.upstream.git('update-ref', '-d', 'refs/heads/b0');
  assert.equal((await bench.sync()).tips.size, 6);
  assert.deepEqual(parts(), [[later]]);
  bench.upstream.git('update-ref', '-d', 'refs/heads/b1');
  bench.upstream.git('update-ref', 'refs/heads/again', later);
  assert.equal((await bench.sync()).tips.get('refs/heads/again'), later);
  assert.equal(readFileSync(asked, 'utf8'), '', 'names alone have moved');
});

test('a ref that names what its remote does not have costs itself alone, with a warning (R-651)', async t => {
  const bench = new CloneBench(t);
  const tip = bench.upstream.commit('one');
  const breakRef = (name: string, id: string): void =>
    writeFileSync(join(bench.upstream.path, 'refs/heads', name), `${id}\n`);
  breakRef('gone', '1'.repeat(40));
  breakRef('gone-too', '2'.repeat(40));
  const first = await bench.sync();
  assert.deepEqual([first.outcome, Object.fromEntries(first.tips)], ['clone', { 'refs/heads/main': tip }]);
  const words = (name: string, id: string): string =>
    `refs/heads/${name} of ${bench.remote().url} is left out: it names ${id.repeat(10)}, which is not there`;
  const told = [words('gone', '1'), words('gone-too', '2')];
  assert.deepEqual(
    first.warnings.map(({ message }) => message),
    told,
  );
  const later = bench.upstream.commit('two');
  const second = await bench.sync();
  assert.deepEqual([second.outcome, second.tips.get('refs/heads/main')], ['fetch', later]);
  assert.equal(second.warnings.length, 2);
  bench.upstream.git('symbolic-ref', 'HEAD', 'refs/heads/gone');
  bench.upstream.git('update-ref', '-d', 'refs/heads/main');
  await assert.rejects(bench.sync(), /not our ref/);
});
