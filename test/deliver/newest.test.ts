import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import { Spool } from '../../src/deliver/spool/spool.ts';
import { type Bend, bentStore } from '../support/bent-store.ts';
import { openStore, startDelivery, until } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';

const SLOW = { ...DELIVERY_RETRY, firstMs: 3_600_000, jitter: 0 };

function bentRig(t: TestContext, bend: Bend) {
  return startDelivery(t, {
    settings: { retry: SLOW },
    openStore: profile => bentStore(openStore(profile), bend).store,
  });
}

test('a newer file does not wait behind the backoff of an older one, which is kept in failed (D-105)', async t => {
  let isDown = true;
  const rig = await bentRig(t, ({ name }) =>
    isDown && name === 'putObject' ? new SluiceError('bucket_unavailable', 'HTTP 500') : undefined,
  );
  rig.write('incoming/local/outbox/a', 'first');
  const first = await rig.until('a', ({ failures }) => failures === 1);
  isDown = false;
  rig.write('incoming/local/outbox/a', 'second');
  const second = await rig.until('a', ({ id, state }) => id !== first.id && state === 'completed');
  assert.ok(second.id > first.id);
  const older = rig.delivery.journal.byId(first.id);
  assert.deepEqual([older?.state, older?.errorCode, older?.removedAtMs], ['failed', 'superseded', null]);
  assert.equal(rig.read('failed/local/outbox/a').toString(), 'first');
  assert.equal(readFileSync(join(rig.target, 'outbox/a'), 'utf8'), 'second');
});

test('a file that comes while an older one is being sent goes as soon as that try has failed (D-105)', async t => {
  const rig = await bentRig(t, ({ name, bytes }) =>
    name === 'putObject' && bytes === 5 ? new SluiceError('timed_out', 'silence') : undefined,
  );
  rig.write('incoming/local/outbox/a', 'first');
  rig.write('incoming/local/outbox/a', 'the second');
  await until(() => rig.records().some(({ state, size }) => state === 'completed' && size === 10));
  assert.equal(readFileSync(join(rig.target, 'outbox/a'), 'utf8'), 'the second');
});

test('retrying failed files leaves an older one that a newer one came after, and says so (D-105, D-42)', async t => {
  const refused = new Set([5, 7]);
  const rig = await bentRig(t, ({ name, bytes }) =>
    name === 'putObject' && refused.has(bytes) ? new SluiceError('request_refused', 'no') : undefined,
  );
  rig.write('incoming/local/outbox/a', 'first');
  const first = await rig.until('a', ({ state }) => state === 'failed');
  rig.write('incoming/local/outbox/a', 'delivered');
  await rig.until('a', ({ id, state }) => id !== first.id && state === 'completed');
  rig.write('incoming/local/outbox/b', 'older');
  const older = await rig.until('b', ({ state }) => state === 'failed');
  rig.write('incoming/local/outbox/b', 'younger');
  const younger = await rig.until('b', ({ id, state }) => id !== older.id && state === 'failed');
  refused.clear();
  const outcomes = await rig.delivery.retryFailed({ all: true });
  assert.deepEqual(
    outcomes.map(({ record, problem }) => [record.id, problem?.split(':')[0]]),
    [
      [first.id, 'superseded'],
      [older.id, 'superseded'],
      [younger.id, undefined],
    ],
  );
  await rig.until('b', ({ id, state }) => id === younger.id && state === 'completed');
  assert.equal(readFileSync(join(rig.target, 'outbox/a'), 'utf8'), 'delivered');
  assert.equal(readFileSync(join(rig.target, 'outbox/b'), 'utf8'), 'younger');
  assert.equal(rig.delivery.journal.byId(first.id)?.state, 'failed');
});

test('newer files wait until the completion of the one before them is on record, and the last one arrives (D-105)', async t => {
  const onDisk = Promise.withResolvers<void>();
  const moved = Promise.withResolvers<void>();
  const finish = Spool.prototype.finish;
  // A slow disk: the file is in `completed`, and not yet known to be there for good.
  t.mock.method(
    Spool.prototype,
    'finish',
    async function move(this: Spool, ...given: Parameters<typeof finish>) {
      const place = await finish.apply(this, given);
      moved.resolve();
      await onDisk.promise;
      return place;
    },
  );
  const rig = await startDelivery(t);
  const { journal } = rig.delivery;
  const one = (size: number) => rig.records().find(record => record.size === size);
  rig.write('incoming/local/outbox/a', 'first');
  await moved.promise;
  rig.write('incoming/local/outbox/a', 'the second');
  await until(() => (one(10)?.nextAttemptAtMs ?? 0) > Date.now() || rig.exists('processing/local/outbox/a'));
  rig.write('incoming/local/outbox/a', 'a third');
  await until(() => one(7) !== undefined);
  onDisk.resolve();
  await until(() => journal.counts().incoming + journal.counts().processing === 0);
  assert.equal(readFileSync(join(rig.target, 'outbox/a'), 'utf8'), 'a third');
});
