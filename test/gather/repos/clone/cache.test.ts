import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  cleanCache,
  cloneDirectoryName,
  createScratch,
} from '../../../../src/gather/repos/clone/directories.ts';
import { maintainClone } from '../../../../src/gather/repos/clone/maintain.ts';
import { runGit } from '../../../../src/gather/repos/git/spawn.ts';
import { CloneBench, tipsOf } from '../../../support/git-clones.ts';
import { startGitDaemon } from '../../../support/git-remotes.ts';
import {
  objectsIn,
  processesMentioning,
  refsOf,
  temporaryDirectory,
} from '../../../support/git-repositories.ts';

test('names in the cache are readable, and differ where URLs do (R-16)', () => {
  assert.match(cloneDirectoryName('https://github.com/git/git'), /^github\.com-git-git-[0-9a-f]{8}\.git$/);
  assert.match(cloneDirectoryName('ssh://git@host:2222/a/b'), /^host-2222-a-b-[0-9a-f]{8}\.git$/);
  assert.match(cloneDirectoryName('/srv/über x'), /^srv-ber-x-[0-9a-f]{8}\.git$/);
  assert.notEqual(cloneDirectoryName('https://h/a-b'), cloneDirectoryName('https://h/a/b'));
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), url => {
      assert.match(cloneDirectoryName(url), /^[A-Za-z0-9_][A-Za-z0-9._-]{0,120}\.git$/);
    }),
  );
});

test('what dead processes left is removed, what live ones work in is not (R-16)', async t => {
  const cache = temporaryDirectory(t);
  const mine = await createScratch(cache);
  const child = spawn('sleep', ['0']);
  await once(child, 'exit');
  const reused = mine.replace(/-[0-9a-f]+-([0-9a-f]{8})$/, '-abc-$1');
  const dead = mine.replace(`tmp-${process.pid}-`, `tmp-${child.pid}-`);
  const kept = ['tmp-keep', 'tmp-1.example-x-00000000.git', 'a-00000000.git'];
  for (const path of [reused, dead, ...kept.map(name => join(cache, name))]) {
    mkdirSync(join(path, 'objects'), { recursive: true });
  }
  const removed = await cleanCache(cache);
  assert.deepEqual(removed.map(name => join(cache, name)).sort(), [reused, dead].sort());
  assert.deepEqual(readdirSync(cache).sort(), [...kept, mine.slice(cache.length + 1)].sort());
  assert.deepEqual(await cleanCache(join(cache, 'absent')), []);
});

test('a fetch that outlived its killed station is ended before its clone is used again (R-16)', async t => {
  const bench = new CloneBench(t);
  const daemon = await startGitDaemon(t, bench.root, { stallAfterBytes: 10 });
  bench.upstream.commit('one');
  const text = `${daemon.origin}/r`;
  const sync = `
    import { syncClone } from ${JSON.stringify(import.meta.resolve('../../../../src/gather/repos/clone/clone.ts'))};
    await syncClone(JSON.parse(process.argv[1]));`;
  const struck = daemon.faultStruck();
  const station = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    sync,
    JSON.stringify(bench.options(text)),
  ]);
  await struck;
  const exited = once(station, 'exit');
  station.kill('SIGKILL');
  await exited;
  assert.equal(bench.names().length, 1);
  assert.notDeepEqual(processesMentioning(bench.cache), []);
  assert.equal((await cleanCache(bench.cache)).length, 1);
  assert.deepEqual(bench.names(), []);
  daemon.faults.stallAfterBytes = undefined;
  assert.equal((await bench.sync(text)).outcome, 'clone');
  assert.deepEqual(processesMentioning(bench.cache), []);
});

test('many packs of a lean clone become one, nothing is lost, and it fetches on (R-17)', async t => {
  const bench = new CloneBench(t);
  bench.upstream.commit('one', { a: '1' });
  for (let index = 0; index < 6; index += 1) {
    bench.upstream.commit(`more ${index}`, { a: String(index) });
    await bench.sync();
  }
  const { gitDir } = await bench.sync();
  assert.deepEqual(await maintainClone(gitDir, { maxPacks: 6 }), { done: false, warnings: [] });
  assert.deepEqual(await maintainClone(gitDir, { maxPacks: 3 }), { done: true, warnings: [] });
  assert.equal(readdirSync(join(gitDir, 'objects/pack')).filter(name => name.endsWith('.pack')).length, 1);
  assert.deepEqual(await objectsIn(gitDir), Array(7).fill('commit'));
  assert.equal((await bench.sync()).outcome, 'unchanged');
  bench.upstream.commit('last', { a: 'z' });
  const clone = await bench.sync();
  assert.deepEqual([clone.outcome, tipsOf(clone)], ['fetch', refsOf(bench.upstream)]);
  assert.equal((await runGit(['rev-list', '--count', '--all'], { gitDir })).toString().trim(), '8');
});

test('a full clone drops what a force-push left behind, and its commit-graph knows (R-17)', async t => {
  const bench = new CloneBench(t);
  const first = bench.upstream.commit('one', { a: '1' });
  for (const message of ['two', 'three']) {
    bench.upstream.commit(message, { a: message });
    await bench.sync(undefined, { lean: false });
  }
  bench.upstream.git('update-ref', 'refs/heads/main', first);
  const { gitDir } = await bench.sync(undefined, { lean: false });
  assert.deepEqual(await maintainClone(gitDir, { maxPacks: 1 }), { done: true, warnings: [] });
  assert.equal((await objectsIn(gitDir)).length, 3);
  await runGit(['commit-graph', 'verify'], { gitDir });
  await runGit(['fsck', '--full'], { gitDir });
});
