import assert from 'node:assert/strict';
import { existsSync, lstatSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SluiceError } from '../../../../src/base/errors.ts';
import { newWorkerId } from '../../../../src/engine/queue/worker-id.ts';
import { repositoryKey } from '../../../../src/gather/repos/tracking/schedule.ts';
import { CacheBench } from '../../../support/cache-bench.ts';
import { startGitDaemon } from '../../../support/git-remotes.ts';

const failsWith = (code: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof SluiceError);
  assert.equal(error.code, code);
  assert.match(error.message, words);
  return true;
};

test('the least recently used clone goes when the cache is full, in an order that survives restarts (R-11, R-12, R-16)', async t => {
  const bench = await CacheBench.open(t);
  const [a, b, c] = ['a', 'b', 'c'].map(name => bench.repository(name));
  assert.ok(a && b && c);
  assert.equal((await bench.bake(a.path)).cache, 'clone');
  await bench.bake(b.path);
  assert.equal((await bench.bake(a.path)).cache, 'fetch');
  const { bytes, hits, lean, sized } = await bench.record(a);
  assert.deepEqual([hits, lean, sized], [1, true, true]);
  assert.deepEqual(await bench.onDisk(), ['b', 'a']);
  await bench.stop();
  await bench.start('sluice.db');
  bench.settings = { ...bench.settings, maxBytes: Math.round(bytes * 2.5) };
  await bench.bake(c.path);
  assert.deepEqual(await bench.onDisk(), ['a', 'c']);
  assert.equal(bench.folders().length, 2);
  const figures = await bench.cache.figures();
  assert.ok(figures.usedBytes <= bytes * 2.5, 'within its budget');
  assert.equal(figures.clones, 2);
});

test('pinned ones stay and block no other; where they alone leave no room, the error says so (R-14)', async t => {
  const bench = await CacheBench.open(t);
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(name => bench.repository(name));
  assert.ok(a && b && c && d);
  for (const one of [a, b, c]) await bench.bake(one.path);
  const { bytes } = await bench.record(a);
  bench.settings = { ...bench.settings, maxBytes: Math.round(bytes * 3.5), neverEvict: new Set([a.path]) };
  await bench.bake(d.path);
  assert.deepEqual(await bench.onDisk(), ['a', 'c', 'd']);
  await bench.cache.pin(c.path, true);
  await bench.cache.pin(d.path, true);
  await assert.rejects(
    bench.bake(b.path),
    failsWith(
      'cache_full',
      /pinned repositories alone leave no room.*maxSize|maxSize.*pinned repositories alone/,
    ),
  );
  assert.deepEqual(await bench.onDisk(), ['a', 'c', 'd']);
  assert.equal(bench.folders().length, 3, 'nothing half done is left');
  assert.deepEqual(
    (await bench.cache.list()).map(({ pinnedBy }) => pinnedBy),
    ['configuration', 'hand', 'hand'],
  );
  await bench.cache.pin(c.path, false);
  await bench.bake(b.path);
  assert.deepEqual(await bench.onDisk(), ['a', 'd', 'b']);
});

test('a clone in use is not evicted; what stands on the schedule stands there again after an eviction (R-15)', async t => {
  const bench = await CacheBench.open(t);
  const [a, b] = ['a', 'b'].map(name => bench.repository(name));
  assert.ok(a && b);
  for (const one of [a, b]) await bench.bake(one.path);
  const place = { kind: 'repository', group: 'local', runAtMs: Date.now() + 3_600_000, reason: 'quiet' };
  for (const one of [a, b]) await bench.queue.put(repositoryKey({ url: one.path }), place);
  const [claim] = await bench.queue.claim({
    worker: newWorkerId(),
    keys: [repositoryKey({ url: a.path })],
    max: 1,
    leaseMs: 30_000,
  });
  assert.ok(claim);
  await assert.rejects(
    bench.cache.evict(a.path, new AbortController().signal),
    failsWith('clone_in_use', /in use/),
  );
  const { evicted } = await bench.cache.free(2 ** 30);
  assert.deepEqual(evicted, [b.path]);
  assert.deepEqual(await bench.onDisk(), ['a']);
  const item = await bench.queue.get(repositoryKey({ url: b.path }));
  assert.deepEqual([item?.runAtMs, item?.reason, item?.claimedBy], [place.runAtMs, 'quiet', null]);
  await bench.queue.complete(claim, { nextAtMs: null });
  assert.equal(await bench.cache.evictableBytes(), (await bench.record(a)).bytes);
  await bench.cache.evict(a.path, new AbortController().signal);
  assert.equal(await bench.queue.get(repositoryKey({ url: a.path })), undefined);
  assert.deepEqual(bench.folders(), []);
});

test('clones that no record knows are taken over, broken ones removed and cloned again, foreign ones left (R-16)', async t => {
  const bench = await CacheBench.open(t);
  const [a, b] = ['a', 'b'].map(name => bench.repository(name));
  assert.ok(a && b);
  for (const one of [a, b]) await bench.bake(one.path);
  const { directory, bytes } = await bench.record(a);
  const broken = (await bench.record(b)).directory;
  rmSync(join(bench.directory, broken, 'objects', 'pack'), { recursive: true });
  await bench.stop();
  rmSync(join(bench.base, 'sluice.db'));
  rmSync(join(bench.base, 'sluice.db-wal'), { force: true });
  writeFileSync(join(bench.directory, 'mine-00000000.git'), 'not a clone');
  await bench.start('sluice.db');
  await bench.cache.open();
  assert.deepEqual(await bench.onDisk(), ['a']);
  const adopted = await bench.record(a);
  assert.deepEqual([adopted.bytes, adopted.lean], [bytes, true]);
  assert.deepEqual(bench.folders(), [directory, 'mine-00000000.git'].sort());
  assert.equal((await bench.bake(b.path)).cache, 'clone');
  assert.equal((await bench.bake(a.path)).cache, 'fetch');
  rmSync(join(bench.directory, directory), { recursive: true });
  await bench.stop();
  await bench.start('sluice.db');
  await bench.cache.open();
  assert.deepEqual(await bench.onDisk(), ['b'], 'one that somebody removed is known to be gone');
});

test('what stands where a clone stood, a link into nothing or to itself, is measured as it is and made anew (R-647)', async t => {
  const bench = await CacheBench.open(t);
  const a = bench.repository('a');
  await bench.bake(a.path);
  const place = join(bench.directory, (await bench.record(a)).directory);
  const outside = bench.repository('outside', 2000).path;
  for (const target of [place, join(bench.base, 'nothing'), outside]) {
    for (const newProcess of [false, true]) {
      rmSync(place, { recursive: true });
      symlinkSync(target, place);
      if (newProcess) {
        await bench.stop();
        await bench.start('sluice.db');
      }
      const { cache, commits } = await bench.bake(a.path);
      assert.deepEqual([cache, commits], ['clone', 200], target);
      assert.ok(lstatSync(place).isDirectory());
    }
  }
  assert.ok(existsSync(join(outside, 'HEAD')), 'what was linked to is none of its business');
  assert.equal(bench.folders().length, 1);
});

test('a clone that runs the disk short has others evicted while it runs, then stops and leaves nothing (R-13)', async t => {
  const bench = await CacheBench.open(t);
  const [a, b] = ['a', 'b'].map(name => bench.repository(name, 3000));
  assert.ok(a && b);
  const daemon = await startGitDaemon(t, bench.base, { stallAfterBytes: 20_000 });
  await bench.bake(a.path);
  bench.settings = { ...bench.settings, minFreeBytes: 1000 };
  const struck = daemon.faultStruck();
  const baked = bench.bake(`${daemon.origin}/b`);
  const stopped = assert.rejects(
    baked,
    failsWith(
      'cache_full',
      /minFreeDisk of 1000 B; no clone is left to evict, it is other files that take the disk/,
    ),
  );
  await struck;
  assert.deepEqual(await bench.onDisk(), ['a']);
  bench.freeBytes = 500;
  await stopped;
  assert.deepEqual(await bench.onDisk(), [], 'the other one went first');
  assert.deepEqual(bench.folders(), []);
  await assert.rejects(bench.bake(a.path), failsWith('cache_full', /too little for cache.minFreeDisk/));
  bench.freeBytes = 2 ** 30;
  assert.equal((await bench.bake(a.path)).cache, 'clone');
  assert.ok(existsSync(join(bench.directory, (await bench.record(a)).directory)));
});
