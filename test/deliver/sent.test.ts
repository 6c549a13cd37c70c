import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { asFileError, SluiceError } from '../../src/base/errors.ts';
import { Spool } from '../../src/deliver/spool/spool.ts';
import { type Bend, bentStore } from '../support/bent-store.ts';
import { openStore, type RigOptions, startDelivery, until } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';

const QUICK = { ...DELIVERY_RETRY, firstMs: 20, factor: 1, jitter: 0, maxRetries: 6 };

/** Delivery to a folder whose calls fail as `bend` says, over restarts; `sent` counts what was sent, by key. */
async function bentRig(t: TestContext, bend: Bend, options: RigOptions = {}) {
  const opened: ReturnType<typeof bentStore>[] = [];
  const rig = await startDelivery(t, {
    ...options,
    settings: { retry: QUICK, probeIntervalMs: 30, ...options.settings },
    openStore: profile => {
      const made = bentStore(openStore(profile), bend);
      opened.push(made);
      return made.store;
    },
  });
  const sent = (key: string): number => opened.reduce((sum, one) => sum + (one.sent()[key] ?? 0), 0);
  return { rig, sent };
}

test('what was acknowledged is not sent again because the question about it fails, over a restart (D-103)', async t => {
  let isDown = true;
  const down: Bend = ({ name }) =>
    isDown && name === 'headObject' ? new SluiceError('bucket_unavailable', 'HTTP 503') : undefined;
  const { rig, sent } = await bentRig(t, down, { settings: { retry: { ...QUICK, maxRetries: 10_000 } } });
  rig.write('incoming/local/outbox/a', 'a');
  const waiting = await rig.until('a', ({ failures }) => failures >= 2);
  assert.equal(waiting.state, 'processing');
  assert.notEqual(waiting.sentAtMs, null);
  assert.deepEqual(rig.delivery.status().unproven, { files: 1, bytes: 1 });
  const again = await rig.restart();
  isDown = false;
  const done = await again.until('a', ({ state }) => state === 'completed');
  assert.deepEqual([done.verified, done.sentAtMs, done.errorCode], ['checksum', null, null]);
  assert.equal(sent('a'), 1);
  assert.deepEqual(again.delivery.status().unproven, { files: 0, bytes: 0 });
});

test('an object that is not there at first costs no second upload, one that stays away does (D-103)', async t => {
  const gone = new Map([
    ['once', 1],
    ['lost', 3],
  ]);
  const { rig, sent } = await bentRig(t, ({ name, key }) => {
    const left = gone.get(key) ?? 0;
    if (name !== 'headObject' || left === 0) return undefined;
    gone.set(key, left - 1);
    return 'gone';
  });
  for (const key of gone.keys()) rig.write(`incoming/local/outbox/${key}`, key);
  for (const key of ['once', 'lost']) await rig.until(key, ({ state }) => state === 'completed');
  assert.deepEqual([sent('once'), sent('lost')], [1, 2]);
});

test('another content in the place of what was acknowledged is replaced at once (D-103)', async t => {
  let isOther = true;
  const { rig, sent } = await bentRig(t, ({ name }) => {
    if (name !== 'headObject' || !isOther) return undefined;
    isOther = false;
    return new SluiceError('checksum_mismatch', 'its CRC32 is another');
  });
  rig.write('incoming/local/outbox/a', 'a');
  await rig.until('a', ({ state }) => state === 'completed');
  assert.equal(sent('a'), 2);
});

test('a file that is changed after it was acknowledged is sent as it is now (D-103)', async t => {
  let isDown = true;
  const silent: Bend = ({ name }) =>
    isDown && name === 'headObject' ? new SluiceError('timed_out', 'silence') : undefined;
  const { rig, sent } = await bentRig(t, silent, { settings: { retry: { ...QUICK, maxRetries: 10_000 } } });
  rig.write('incoming/local/outbox/a', 'first');
  await rig.until('a', ({ sentAtMs }) => sentAtMs !== null);
  rig.write('processing/local/outbox/a', 'second, longer');
  isDown = false;
  const done = await rig.until('a', ({ state }) => state === 'completed');
  assert.equal(done.size, 'second, longer'.length);
  assert.equal(sent('a'), 2);
});

test('a question that nobody answers ends, after its tries, as delivered without proof (D-103, D-104)', async t => {
  const { rig, sent } = await bentRig(t, ({ name }) =>
    name === 'headObject' ? new SluiceError('request_refused', 'no HEAD here') : undefined,
  );
  rig.write('incoming/local/outbox/a', 'a');
  const done = await rig.until('a', ({ state }) => state === 'completed');
  assert.deepEqual([done.verified, sent('a')], ['none', 1]);
  assert.deepEqual(rig.delivery.status().unproven, { files: 1, bytes: 1 });
});

test('a disk that does not let delivered files be moved has only the move tried again (D-103, T-121)', async t => {
  let isFull = true;
  const finish = Spool.prototype.finish;
  t.mock.method(Spool.prototype, 'finish', function move(this: Spool, ...given: Parameters<typeof finish>) {
    if (!isFull) return finish.apply(this, given);
    const error = Object.assign(new Error('ENOSPC: no space left on device, mkdir'), {
      code: 'ENOSPC',
      errno: -28,
    });
    throw asFileError(error);
  });
  const { rig, sent } = await bentRig(t, () => undefined);
  const names = Array.from({ length: 20 }, (_, index) => `f${index}`);
  for (const name of names) rig.write(`incoming/local/outbox/${name}`, name);
  await until(() =>
    rig.delivery.troubles().some(({ errorCode, count }) => errorCode === 'disk_full' && count === 20),
  );
  const again = await rig.restart();
  for (const name of names) await again.until(name, ({ attempts, failures }) => attempts + failures >= 2);
  isFull = false;
  for (const name of names) await again.until(name, ({ state }) => state === 'completed');
  assert.deepEqual([...new Set(names.map(sent))], [1]);
});

test('a file that was given up and cannot be moved is not sent again, only moved (T-121)', async t => {
  let isFull = true;
  const finish = Spool.prototype.finish;
  t.mock.method(Spool.prototype, 'finish', function move(this: Spool, ...given: Parameters<typeof finish>) {
    if (!isFull) return finish.apply(this, given);
    throw asFileError(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', errno: -13 }));
  });
  const { rig, sent } = await bentRig(t, ({ name }) =>
    name === 'putObject' ? new SluiceError('request_refused', 'no') : undefined,
  );
  rig.write('incoming/local/outbox/a', 'a');
  await rig.until('a', ({ state, failures }) => state === 'processing' && failures > 2);
  isFull = false;
  const done = await rig.until('a', ({ state }) => state === 'failed');
  assert.deepEqual([done.errorCode, done.outcome, sent('a')], ['request_refused', 'failure', 1]);
});
