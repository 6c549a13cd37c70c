import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import { openStore, startDelivery, until } from '../support/delivery.ts';

test('a spool that is away as a whole, as when its disk is not mounted: nothing goes, no file is called missing (D-621)', async t => {
  let isThere = false;
  const rig = await startDelivery(t, {
    settings: { probeIntervalMs: 1000 },
    openStore: profile => {
      const store = openStore(profile);
      store.headBucket = async () => {
        if (!isThere) throw new SluiceError('bucket_missing', 'it is not there');
      };
      store.listBuckets = async () => (isThere ? ['outbox'] : []);
      return store;
    },
  });
  for (const name of ['a', 'b']) rig.write(`incoming/local/outbox/${name}`, name);
  for (const name of ['a', 'b']) await rig.until(name, ({ hold }) => hold === 'bucket');
  renameSync(rig.root, `${rig.root}.away`);
  mkdirSync(rig.root);
  await until(() => rig.delivery.holds().some(({ kind, place }) => kind === 'disk' && place === rig.root));
  await rig.delivery.syncNow(AbortSignal.timeout(10_000)).catch(() => undefined);
  assert.deepEqual(
    rig.records().map(({ state, errorCode }) => [state, errorCode]),
    [
      ['incoming', 'bucket_missing'],
      ['incoming', 'bucket_missing'],
    ],
  );
  await rig.delivery.stop();
  rmSync(rig.root, { recursive: true });
  mkdirSync(rig.root);
  await assert.rejects(rig.restart(), { code: 'spool_invalid', message: /files wait in it/ });
  rmSync(rig.root, { recursive: true });
  renameSync(`${rig.root}.away`, rig.root);
  isThere = true;
  const again = await rig.restart();
  for (const name of ['a', 'b']) await again.until(name, ({ state }) => state === 'completed');
  assert.equal(again.records().length, 2);
});

test('an area that somebody removed is made again, and no file is lost or called missing for it (D-808)', async t => {
  const rig = await startDelivery(t, { settings: { intervalMs: 100 } });
  rig.write('incoming/local/outbox/before', 'before');
  await rig.until('before', ({ state }) => state === 'completed');
  for (const area of ['processing', 'completed', 'failed', 'incoming_tmp'])
    rmSync(`${rig.root}/${area}`, { recursive: true });
  for (const name of ['a', 'b']) rig.write(`incoming/local/outbox/${name}`, name);
  for (const name of ['a', 'b']) {
    const { attempts, removedAtMs } = await rig.until(name, ({ state }) => state === 'completed');
    assert.deepEqual([attempts, removedAtMs, rig.exists(`completed/local/outbox/${name}`)], [1, null, true]);
  }
});
