import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import type { ObjectStore } from '../../src/keep/buckets/bucket.ts';
import type { Profile } from '../../src/keep/buckets/object-store-definition.ts';
import { openStore, startDelivery } from '../support/delivery.ts';
import { until } from '../support/sluice.ts';

/** A store to which nothing can be sent. */
function refusing(refuse: (key: string) => Promise<never>) {
  return (profile: Profile): ObjectStore =>
    new Proxy(openStore(profile), {
      get(store, name) {
        if (name === 'putObject') return ({ key }: { key: string }) => refuse(key);
        const value = Reflect.get(store, name, store);
        return typeof value === 'function' ? value.bind(store) : value;
      },
    });
}

const address = (filepath: string) => ({ profile: 'local', bucket: 'outbox', filepath });

test('a file that backs off or has failed gives way, on record as lost, and stays so (K-108, K-109)', async t => {
  const rig = await startDelivery(t, {
    settings: { intervalMs: 20 },
    openStore: refusing(async key => {
      throw new SluiceError(key.startsWith('busy') ? 'timed_out' : 'access_denied', 'refused');
    }),
  });
  for (const name of ['busy', 'denied']) rig.write(`incoming/local/outbox/${name}.ndjson`, 'x');
  await rig.until('busy.ndjson', ({ attempts }) => attempts === 1);
  await rig.until('denied.ndjson', ({ state }) => state === 'failed');
  await until('both tries are over', () => rig.delivery.status().uploading === 0);
  for (const name of ['busy', 'denied']) {
    const outcome = await rig.delivery.deleteUndelivered(address(`${name}.ndjson`));
    assert.equal(outcome, 'deleted', name);
  }
  assert.equal(await rig.delivery.deleteUndelivered(address('busy.ndjson')), 'not there');
  // Several passes over the duties, the search for vanished files among them.
  await new Promise(resolve => setTimeout(resolve, 100));
  for (const name of ['busy', 'denied']) {
    const record = rig.records().find(({ filepath }) => filepath === `${name}.ndjson`);
    assert.deepEqual([record?.errorCode, record?.removedAtMs !== null], ['capture_lost', true], name);
  }
});

test('a file that is being sent this very moment is left alone (K-108)', async t => {
  const sending = Promise.withResolvers<never>();
  const begun = Promise.withResolvers<void>();
  const rig = await startDelivery(t, {
    openStore: refusing(() => {
      begun.resolve();
      return sending.promise;
    }),
  });
  rig.write('incoming/local/outbox/a.ndjson', 'x');
  await begun.promise;
  const { id } = await rig.until('a.ndjson', ({ state }) => state === 'processing');
  assert.equal(rig.delivery.isUnderWay(id), true);
  assert.equal(await rig.delivery.deleteUndelivered(address('a.ndjson')), 'under way');
  sending.reject(new SluiceError('timed_out', 'refused'));
  await rig.until('a.ndjson', ({ attempts }) => attempts === 1);
  assert.equal(rig.exists('processing/local/outbox/a.ndjson'), true);
});
