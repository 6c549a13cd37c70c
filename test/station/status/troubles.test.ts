import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import { restingStatus } from '../../../src/gather/capture/collectors/status.ts';
import { findTroubles, type TroubleSources } from '../../../src/station/status/troubles.ts';
import { collectorPlan } from '../../support/capture.ts';

test('a disk that takes no readings is one trouble for all collectors, with how many wait and how many are lost (K-109)', async () => {
  const writeError = { code: 'disk_full', message: 'no room left on the disk', atMs: 1000 } as const;
  const collectors = ['one', 'two', 'three'].map(name => ({
    ...restingStatus(collectorPlan({ name }), false),
    unwritten: 5,
    lost: 2,
    writeError: name === 'three' ? null : writeError,
  }));
  // Nothing else is in trouble, whatever is asked.
  const nothing = new Proxy({}, { get: () => () => [] });
  const captures = { status: async () => ({ collectors }) };
  const storeOutage = (): undefined => undefined;
  const askStore = <T>(ask: () => T): T => ask();
  const station = { deliveries: nothing, changesets: nothing, captures, storeOutage, askStore };
  const sources = { questions: nothing, ...station };
  const [trouble, ...others] = await findTroubles(sources as unknown as TroubleSources);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [trouble?.kind, trouble?.stage, trouble?.code, trouble?.count],
    ['collector', 'disk', 'disk_full', 2],
  );
  assert.equal(trouble?.example, 'one: no room left on the disk; 10 readings wait in memory, 4 are lost');
});

test('while the store is not to be had it is not asked, and that is the trouble (F-401)', async () => {
  const nothing = new Proxy({}, { get: () => () => [] });
  const error = new SluiceError('database_unreachable', 'Postgres db:5432 is not reached: refused');
  const [trouble, ...others] = await findTroubles({
    questions: {},
    deliveries: nothing,
    changesets: nothing,
    captures: { status: async () => ({ collectors: [] }) },
    storeOutage: () => ({ sinceMs: 1000, error }),
    askStore: async () => undefined,
  } as unknown as TroubleSources);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [trouble?.kind, trouble?.stage, trouble?.code, trouble?.example, trouble?.isWaiting],
    ['place', 'store', 'database_unreachable', error.message, true],
  );
});
