import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SluiceError } from '../../../../src/base/errors.ts';
import type { Clone } from '../../../../src/gather/repos/clone/open.ts';
import { runGit } from '../../../../src/gather/repos/git/spawn.ts';
import { CloneBench, tipsOf } from '../../../support/git-clones.ts';
import { fakeSsh, startGitDaemon, startHttpRemote } from '../../../support/git-remotes.ts';
import {
  authoringEnvironment,
  objectsIn,
  refsOf,
  TestRepository,
} from '../../../support/git-repositories.ts';

test('a clone is lean and whole over every transport: commits and no trees or blobs (R-11, R-17)', async t => {
  const bench = new CloneBench(t);
  const { upstream, root } = bench;
  upstream.git('config', 'uploadpack.allowFilter', 'true');
  upstream.commit('one', { a: '1', 'b/c': '2' });
  const tip = upstream.commit('two', { a: '2' });
  const http = await startHttpRemote(t, root);
  const daemon = await startGitDaemon(t, root);
  fakeSsh(t, root);
  for (const text of [upstream.path, `${http.origin}/r`, `${daemon.origin}/r`, `ssh://git@host${root}/r`]) {
    const clone = await bench.sync(text);
    assert.equal(clone.outcome, 'clone', text);
    assert.deepEqual(tipsOf(clone), { 'refs/heads/main': tip });
    assert.equal(clone.headRef, 'refs/heads/main');
    assert.deepEqual(clone.warnings, []);
    assert.deepEqual(await objectsIn(clone.gitDir), ['commit', 'commit'], text);
    assert.ok(existsSync(join(clone.gitDir, 'objects/info/commit-graphs/commit-graph-chain')));
  }
  assert.equal(bench.names().length, 4);
  assert.ok(
    bench.names().every(name => name.endsWith('.git')),
    bench.names().join(),
  );
});

test('a local repository is cloned lean whatever its configuration; a server without filters gives all (R-17)', async t => {
  const bench = new CloneBench(t);
  bench.upstream.git('config', 'uploadpack.allowFilter', 'false');
  bench.upstream.commit('one', { a: '1' });
  assert.deepEqual(await objectsIn((await bench.sync()).gitDir), ['commit']);
  const http = await startHttpRemote(t, bench.root);
  const clone = await bench.sync(`${http.origin}/r`);
  assert.deepEqual(await objectsIn(clone.gitDir), ['blob', 'commit', 'tree']);
  assert.equal((await bench.sync(`${http.origin}/r`)).outcome, 'unchanged');
});

test('later only what is new travels, and nothing at all when nothing moved (R-11)', async t => {
  const bench = new CloneBench(t);
  bench.upstream.git('config', 'uploadpack.allowFilter', 'true');
  bench.upstream.commit('one');
  const http = await startHttpRemote(t, bench.root);
  const text = `${http.origin}/r`;
  await bench.sync(text);
  const before = http.requests.length;
  assert.equal((await bench.sync(text)).outcome, 'unchanged');
  assert.equal(http.requests.length - before, 2); // capabilities and the listing
  const tip = bench.upstream.commit('two');
  const clone = await bench.sync(text);
  assert.equal(clone.outcome, 'fetch');
  assert.equal(clone.tips.get('refs/heads/main'), tip);
  const packs = readdirSync(join(clone.gitDir, 'objects/pack')).filter(name => name.endsWith('.pack'));
  assert.equal(packs.length, 2);
  assert.equal((await objectsIn(clone.gitDir)).length, 2);
});

test('force-push, deleted branch, topic that becomes topic/x, tags and a renamed default branch are followed (R-23)', async t => {
  const bench = new CloneBench(t);
  const { upstream } = bench;
  const one = upstream.commit('one');
  upstream.commit('two');
  upstream.git('update-ref', 'refs/heads/topic', one);
  upstream.git('update-ref', 'refs/heads/gone', one);
  upstream.git('tag', 'v1', one);
  assert.deepEqual(tipsOf(await bench.sync()), refsOf(upstream));
  upstream.git('update-ref', 'refs/heads/main', one);
  upstream.git('update-ref', '-d', 'refs/heads/topic');
  upstream.git('update-ref', '-d', 'refs/heads/gone');
  upstream.git('update-ref', 'refs/heads/topic/x', one);
  upstream.git('tag', '-f', '-a', '-m', 'moved', 'v1', one);
  assert.deepEqual(tipsOf(await bench.sync()), refsOf(upstream));
  upstream.git('branch', '-m', 'main', 'trunk');
  const renamed = await bench.sync();
  assert.deepEqual(tipsOf(renamed), refsOf(upstream));
  assert.equal(renamed.headRef, 'refs/heads/trunk');
});

test('a moved HEAD alone is followed without a fetch; tags can be left out (R-23)', async t => {
  const bench = new CloneBench(t);
  const { upstream } = bench;
  upstream.git('update-ref', 'refs/heads/other', upstream.commit('one'));
  upstream.git('tag', 'v1', 'main');
  await bench.sync();
  upstream.git('symbolic-ref', 'HEAD', 'refs/heads/other');
  const clone = await bench.sync();
  assert.deepEqual([clone.outcome, clone.headRef], ['unchanged', 'refs/heads/other']);
  const without = await bench.sync(undefined, { tags: false });
  assert.equal(without.outcome, 'unchanged');
  assert.deepEqual([...without.tips.keys()], ['refs/heads/main', 'refs/heads/other']);
});

test('a detached HEAD on no branch is fetched, followed and let go again (R-25)', async t => {
  const bench = new CloneBench(t);
  const { upstream } = bench;
  upstream.commit('one');
  const aside = upstream.commit('aside', {}, 'refs/heads/tmp');
  upstream.git('update-ref', '--no-deref', 'HEAD', aside);
  upstream.git('update-ref', '-d', 'refs/heads/tmp');
  const clone = await bench.sync();
  assert.equal(clone.tips.get('refs/sluice/HEAD'), aside);
  assert.equal(clone.headRef, undefined);
  assert.equal((await bench.sync()).outcome, 'unchanged');
  upstream.git('symbolic-ref', 'HEAD', 'refs/heads/main');
  const back = await bench.sync();
  assert.deepEqual(tipsOf(back), refsOf(upstream));
  assert.equal(back.headRef, 'refs/heads/main');
  assert.equal((await bench.sync()).outcome, 'unchanged');
});

test('an empty repository, and a default branch that is missing, are fine (R-25)', async t => {
  const bench = new CloneBench(t);
  const empty = await bench.sync();
  assert.deepEqual([empty.outcome, empty.tips.size, empty.headRef], ['clone', 0, undefined]);
  assert.equal((await bench.sync()).outcome, 'unchanged');
  bench.upstream.commit('one', {}, 'refs/heads/other');
  const clone = await bench.sync();
  assert.deepEqual([clone.outcome, clone.tips.size, clone.headRef], ['fetch', 1, undefined]);
  assert.equal((await bench.sync()).outcome, 'unchanged');
  bench.upstream.git('update-ref', '-d', 'refs/heads/other');
  assert.equal((await bench.sync()).tips.size, 0);
});

test('a SHA-256 repository is cloned, also where an empty one was taken for SHA-1 (R-25)', async t => {
  const bench = new CloneBench(t, 'sha256');
  assert.equal((await bench.sync()).objectFormat, 'sha1');
  const tip = bench.upstream.commit('one');
  const clone = await bench.sync();
  assert.deepEqual(
    [clone.outcome, clone.objectFormat, clone.tips.get('refs/heads/main')],
    ['clone', 'sha256', tip],
  );
  bench.upstream.commit('two');
  assert.equal((await bench.sync()).outcome, 'fetch');
  assert.equal(bench.names().length, 1);
});

test('a shallow remote is cloned as far as it goes, and to the end once it is whole (R-25)', async t => {
  const bench = new CloneBench(t);
  for (const message of ['one', 'two', 'three']) bench.upstream.commit(message);
  const shallowPath = join(bench.root, 'shallow.git');
  const authoring = { env: authoringEnvironment() };
  execFileSync(
    'git',
    ['clone', '-q', '--bare', '--depth=1', `file://${bench.upstream.path}`, shallowPath],
    authoring,
  );
  const clone = await bench.sync(shallowPath);
  assert.deepEqual([clone.shallow, clone.tips.size], [true, 1]);
  assert.equal((await objectsIn(clone.gitDir)).length, 1);
  bench.upstream.commit('four');
  execFileSync(
    'git',
    ['--git-dir', shallowPath, 'fetch', '-q', '--unshallow', 'origin', '+main:main'],
    authoring,
  );
  const whole = await bench.sync(shallowPath);
  assert.deepEqual([whole.outcome, whole.shallow], ['fetch', false]);
  assert.equal(
    (await runGit(['rev-list', '--count', 'main'], { gitDir: whole.gitDir })).toString().trim(),
    '4',
  );
});

test('churn turns a lean clone into a full one, which stays full (R-17)', async t => {
  const bench = new CloneBench(t);
  bench.upstream.commit('one', { a: '1' });
  await bench.sync();
  const full = await bench.sync(undefined, { lean: false });
  assert.deepEqual([full.outcome, full.lean], ['clone', false]);
  assert.deepEqual(await objectsIn(full.gitDir), ['blob', 'commit', 'tree']);
  bench.upstream.commit('two', { a: '2' });
  const later = await bench.sync();
  assert.deepEqual([later.outcome, later.lean], ['fetch', false]);
  assert.equal((await objectsIn(later.gitDir)).length, 6);
  assert.equal(bench.names().length, 1);
});

test('locks and temporary files of a killed git do not stand in the way (R-16)', async t => {
  const bench = new CloneBench(t);
  bench.upstream.commit('one');
  const { gitDir } = await bench.sync();
  const left = [
    'HEAD.lock',
    'config.lock',
    'packed-refs.lock',
    'shallow.lock',
    'refs/heads/main.lock',
    'objects/pack/tmp_pack_x',
  ];
  left.push(
    'objects/pack/.tmp-1-pack-2.pack',
    'objects/info/commit-graphs/commit-graph-chain.lock',
    'objects/tmp_objdir-x',
  );
  mkdirSync(join(gitDir, 'refs/heads'), { recursive: true });
  for (const name of left) writeFileSync(join(gitDir, name), 'x');
  bench.upstream.commit('two');
  assert.equal((await bench.sync()).outcome, 'fetch');
  for (const name of left) assert.equal(existsSync(join(gitDir, name)), false, name);
});

test('broken clones are found and cloned again (R-16)', async t => {
  const bench = new CloneBench(t);
  bench.upstream.commit('one');
  const { gitDir } = await bench.sync();
  const pack = (): string => {
    const name = readdirSync(join(gitDir, 'objects/pack')).find(entry => entry.endsWith('.pack'));
    return execFileSync('chmod', ['-R', 'u+w', gitDir]) && join(gitDir, 'objects/pack', name ?? '');
  };
  const breakages: (() => void)[] = [
    () => writeFileSync(join(gitDir, 'HEAD'), 'garbage'),
    () => writeFileSync(join(gitDir, 'HEAD'), ''),
    () => writeFileSync(join(gitDir, 'config'), '[broken'),
    () => writeFileSync(join(gitDir, 'config'), ''),
    () => writeFileSync(join(gitDir, 'packed-refs'), 'garbage\n'),
    () => writeFileSync(pack(), readFileSync(pack()).subarray(0, 40)),
    () => execFileSync('rm', ['-r', join(gitDir, 'objects')]),
    () => execFileSync('sh', ['-c', 'rm -r "$0" && echo a file > "$0"', gitDir]),
    () => execFileSync('sh', ['-c', 'rm -r "$0" && ln -s nowhere "$0"', gitDir]),
    () => execFileSync('sh', ['-c', 'rm -r "$0" && mkfifo "$0"', gitDir]),
    () => execFileSync('sh', ['-c', 'rm "$0/config" && mkdir "$0/config"', gitDir]),
    () => execFileSync('sh', ['-c', 'rm "$0/HEAD" && mkdir "$0/HEAD"', gitDir]),
    () => execFileSync('sh', ['-c', 'rm -r "$0/objects/pack" && echo > "$0/objects/pack"', gitDir]),
    () => execFileSync('sh', ['-c', 'rm -r "$0/refs" && echo > "$0/refs"', gitDir]),
  ];
  for (const [index, breakIt] of breakages.entries()) {
    breakIt();
    assert.equal((await bench.sync()).outcome, 'clone', `breakage ${index}`);
    assert.equal((await bench.sync()).outcome, 'unchanged');
  }
  assert.equal(bench.names().length, 1);
});

test('a clone over which git fails without saying so is made anew; a remote over which it fails is not cloned again (R-648)', async t => {
  const bench = new CloneBench(t);
  bench.upstream.commit('one');
  const { gitDir } = await bench.sync();
  writeFileSync(join(gitDir, 'shallow'), 'garbage\n');
  const tip = bench.upstream.commit('two');
  const clone = await bench.sync();
  assert.deepEqual([clone.outcome, clone.tips.get('refs/heads/main')], ['clone', tip]);
  const kept = statSync(gitDir).ino;
  bench.upstream.commit('three');
  writeFileSync(join(bench.upstream.path, 'shallow'), 'garbage\n');
  await assert.rejects(bench.sync());
  assert.equal(statSync(gitDir).ino, kept);
});

test('a clone of something else in that place is replaced (R-16)', async t => {
  const bench = new CloneBench(t);
  bench.upstream.commit('one');
  const { directory } = bench.options();
  const other = new TestRepository(join(bench.root, 'other.git'));
  const tip = other.commit('other');
  await bench.sync();
  const clone = await bench.sync(other.path, { directory });
  assert.deepEqual([clone.outcome, clone.tips.get('refs/heads/main')], ['clone', tip]);
});

test('a remote that shows every pull request as a ref is looked at without them (R-17)', async t => {
  const bench = new CloneBench(t);
  const id = bench.upstream.commit('one');
  const pulls = Array.from({ length: 2500 }, (_, index) => `${id} refs/pull/${10_000 + index}/head\n`);
  writeFileSync(join(bench.upstream.path, 'packed-refs'), `# pack-refs with: sorted \n${pulls.join('')}`);
  const daemon = await startGitDaemon(t, bench.root);
  const clone = await bench.sync(`${daemon.origin}/r`);
  assert.deepEqual([clone.otherRefs, clone.tips.size], [2500, 1]);
  assert.equal((await bench.sync(`${daemon.origin}/r`)).outcome, 'unchanged');
  const tip = bench.upstream.commit('two');
  assert.equal((await bench.sync(`${daemon.origin}/r`)).tips.get('refs/heads/main'), tip);
});

test('progress is reported in git words and percentages (R-4)', async t => {
  const bench = new CloneBench(t);
  for (let index = 0; index < 20; index += 1) bench.upstream.commit(`commit ${index}`);
  const phases = new Set<string>();
  await bench.sync(undefined, { onProgress: ({ phase, percent }) => phases.add(`${phase} ${percent}`) });
  assert.ok(phases.has('Receiving objects 100'), [...phases].join());
});

test('what goes alongside runs once whenever something came, on the refs that came, and its failure leaves nothing (R-11)', async t => {
  const bench = new CloneBench(t);
  const one = bench.upstream.commit('one');
  const seen: unknown[] = [];
  const alongside = async (clone: Clone): Promise<void> => {
    const inPlace = await runGit(['rev-parse', 'refs/heads/main'], { gitDir: clone.gitDir });
    seen.push(clone.tips.get('refs/heads/main'), inPlace.toString().trim());
  };
  const failing = async (): Promise<void> => {
    throw new SluiceError('cancelled', 'stopped on request');
  };
  await assert.rejects(bench.sync(undefined, { alongside: failing }), { code: 'cancelled' });
  assert.deepEqual(bench.names(), []);
  await bench.sync(undefined, { alongside });
  await bench.sync(undefined, { alongside });
  assert.deepEqual(seen, [one, one]);
  const two = bench.upstream.commit('two');
  await bench.sync(undefined, { alongside });
  assert.deepEqual(seen.slice(2), [two, two]);
});
