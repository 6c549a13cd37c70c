import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../../src/base/clock.ts';
import { silentLogger } from '../../../../src/base/log.ts';
import { removeForgottenClones } from '../../../../src/gather/repos/cache/forgotten.ts';
import { claimClone } from '../../../../src/gather/repos/clone/claim.ts';
import { CacheBench } from '../../../support/cache-bench.ts';

test('a clone whose repository was forgotten at another station goes, once nobody works in it (F-605)', async t => {
  const bench = await CacheBench.open(t);
  const { store, queue, cache } = bench;
  const context = { store, queue, cache, clock: systemClock, log: silentLogger };
  const { signal } = new AbortController();
  const [gone, kept] = ['gone', 'kept'].map(name => bench.repository(name, 2));
  assert.ok(gone && kept);
  for (const { path } of [gone, kept]) await bench.bake(path);
  assert.equal(await removeForgottenClones(context, signal), 0);

  await store.repositories.forget((await store.repositories.byUrl(gone.path))?.id ?? 0);
  const address = { url: gone.path, host: 'local' };
  const claim = await claimClone(address, 'test', { queue, worker: 'test', clock: systemClock });
  assert.ok(claim);
  assert.equal(await removeForgottenClones(context, signal), 0, 'somebody works in it');
  await queue.complete(claim, { nextAtMs: null });

  assert.equal(await removeForgottenClones(context, signal), 1);
  assert.deepEqual(await bench.onDisk(), ['kept']);
  assert.equal(bench.folders().filter(name => name.endsWith('.git')).length, 1);
  assert.equal((await queue.counts()).size, 0);
});
