import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import type { S3Profile } from '../../src/keep/buckets/s3/profile.ts';
import { S3Store } from '../../src/keep/buckets/s3/store.ts';
import { BentClock } from '../support/bent-clock.ts';
import { startDelivery } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';
import { profileFor } from '../support/s3-profile.ts';
import { startS3Server } from '../support/s3-server/server.ts';

const DAY_MS = 86_400_000;

async function rigThatFailsOnce(t: TestContext, clock: BentClock, firstMs: number) {
  const server = await startS3Server();
  t.after(() => server.stop());
  server.faults.add({ kind: 'error', status: 503, code: 'SlowDown', operation: 'PutObject' });
  const rig = await startDelivery(t, {
    clock,
    profiles: [profileFor(server, { name: 'cloud' })],
    // Nothing but the time of the next try may bring it about.
    settings: { intervalMs: DAY_MS, retry: { ...DELIVERY_RETRY, firstMs, jitter: 0 } },
  });
  rig.write('incoming/cloud/bucket/a.txt', 'a');
  await rig.until('a.txt', ({ failures }) => failures === 1);
  return rig;
}

test('the next try comes at its time, however far apart the sweeps are (D-40)', async t => {
  const rig = await rigThatFailsOnce(t, new BentClock(), 100);
  const record = await rig.until('a.txt', ({ state }) => state === 'completed');
  assert.equal(record.attempts, 2);
});

test('a clock that is set back a day does not make a file wait for a day (D-40, T-13)', async t => {
  const clock = new BentClock();
  const rig = await rigThatFailsOnce(t, clock, 500);
  clock.jump(-DAY_MS);
  const record = await rig.until('a.txt', ({ state }) => state === 'completed');
  const [first, second] = rig.delivery.journal.attempts(record.id);
  assert.ok(Date.parse(String(second?.startedAt)) < Date.parse(String(first?.startedAt)));
});

test('a clock that is set back between two runs does not either (D-40, T-13)', async t => {
  const clock = new BentClock();
  const rig = await rigThatFailsOnce(t, clock, 2000);
  await rig.delivery.stop();
  clock.jump(-DAY_MS);
  const next = await rig.restart();
  const { nextAttemptAtMs } = await next.until(
    'a.txt',
    record => Number(record.nextAttemptAtMs) < clock.nowMs() + 3000,
  );
  assert.ok(Number(nextAttemptAtMs) > clock.nowMs(), 'it waits as long as it was to, and not less');
  await next.until('a.txt', ({ state }) => state === 'completed');
});

test('a clock that is set forward a day lets a waiting file go, once (D-40, T-13)', async t => {
  const clock = new BentClock();
  const rig = await rigThatFailsOnce(t, clock, 500);
  clock.jump(DAY_MS);
  const record = await rig.until('a.txt', ({ state }) => state === 'completed');
  assert.equal(record.attempts, 2);
});

test('parts whose beginning was lost are aborted, also where this clock is ahead by hours (D-306)', async t => {
  const server = await startS3Server();
  t.after(() => server.stop());
  const clock = new BentClock();
  clock.jump(2 * 3_600_000);
  let isLost = false;
  const rig = await startDelivery(t, {
    clock,
    profiles: [profileFor(server, { name: 'cloud' })],
    settings: { partsAboveBytes: 1000, partBytes: 5 * 2 ** 20 },
    openStore: profile =>
      new Proxy(new S3Store(profile as S3Profile, { clock, idleTimeoutMs: 5000 }), {
        get(target, name) {
          if (name !== 'createUpload') {
            const value: unknown = Reflect.get(target, name, target);
            return typeof value === 'function' ? value.bind(target) : value;
          }
          return async (...args: Parameters<S3Store['createUpload']>) => {
            const made = await target.createUpload(...args);
            if (isLost) return made;
            isLost = true;
            throw new SluiceError('connection_lost', 'it died before the answer');
          };
        },
      }),
  });
  rig.write('incoming/cloud/bucket/large', Buffer.alloc(2000, 'x'));
  await rig.until('large', ({ state }) => state === 'completed');
  assert.ok(isLost);
  assert.equal(server.uploads('bucket').size, 0);
});
