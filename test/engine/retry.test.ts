import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SluiceError } from '../../src/base/errors.ts';
import { seededRandom } from '../../src/base/random.ts';
import { nextTry, type RetryableError, SYNC_RETRY } from '../../src/engine/retry.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 0, 5);
const noJitter = (): number => 0;
const broken = new SluiceError('connection_lost', 'reset');
const denied = new SluiceError('authentication_required', '403');

function waitMs(schedule: typeof SYNC_RETRY, attempt: number, error: RetryableError, random = noJitter) {
  const decision = nextTry(schedule, attempt, error, random, NOW_MS);
  return 'retryAtMs' in decision ? decision.retryAtMs - NOW_MS : decision.giveUp;
}

test('deliveries wait 30 s, doubling; ten retries after the first try, then an end (D-37)', () => {
  const waits = Array.from({ length: 10 }, (_, index) => waitMs(DELIVERY_RETRY, index + 1, broken));
  assert.deepEqual(
    waits,
    [30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15_360].map(seconds => seconds * 1000),
  );
  assert.equal(waitMs(DELIVERY_RETRY, 11, broken), 'connection_lost: failed 11 times');
});

test('what trying again would only repeat is not retried (D-36)', () => {
  assert.equal(waitMs(DELIVERY_RETRY, 1, denied), 'authentication_required: trying again would not help');
});

test('a cancelled try is not the end of a file (D-36)', () => {
  assert.equal(waitMs(DELIVERY_RETRY, 1, new SluiceError('cancelled', 'stopped on request')), 30_000);
});

test('Retry-After is honoured, up to a day (D-38)', () => {
  const slowDown = (retryAfterMs: number) => new SluiceError('host_unreachable', '503', { retryAfterMs });
  assert.equal(waitMs(DELIVERY_RETRY, 1, slowDown(90_000)), 90_000);
  assert.equal(waitMs(DELIVERY_RETRY, 4, slowDown(90_000)), 240_000);
  assert.equal(waitMs(DELIVERY_RETRY, 1, slowDown(1e15)), 24 * HOUR_MS);
});

test('Errors: syncs back off from 2 min to 8 h and never give up; permanent failures go to the slowest rhythm (C-16)', () => {
  assert.equal(waitMs(SYNC_RETRY, 1, broken), 120_000);
  assert.equal(waitMs(SYNC_RETRY, 2, broken), 240_000);
  const latest = waitMs(SYNC_RETRY, 1_000_000, broken, () => 1);
  assert.equal(latest, 8 * HOUR_MS);
  assert.equal(
    waitMs(SYNC_RETRY, 1, denied, () => 1),
    8 * HOUR_MS,
  );
});

const attempts = fc.integer({ min: 1, max: 2000 });

test('waits stay within [first, max], jitter included, and repeat with the same random numbers (D-37)', () => {
  fc.assert(
    fc.property(attempts, fc.integer(), (attempt, seed) => {
      const wait = waitMs(SYNC_RETRY, attempt, broken, seededRandom(seed));
      assert.ok(typeof wait === 'number' && wait >= SYNC_RETRY.firstMs && wait <= SYNC_RETRY.maxMs);
      assert.equal(wait, waitMs(SYNC_RETRY, attempt, broken, seededRandom(seed)));
    }),
  );
});

test('more failures never mean a shorter wait when chance plays no part', () => {
  fc.assert(
    fc.property(attempts, attempts, (one, other) => {
      const [fewer, more] = one < other ? [one, other] : [other, one];
      assert.ok(Number(waitMs(SYNC_RETRY, fewer, broken)) <= Number(waitMs(SYNC_RETRY, more, broken)));
    }),
  );
});

test('never before what the far side asked for, within a day (D-38)', () => {
  fc.assert(
    fc.property(attempts, fc.nat(24 * HOUR_MS), fc.integer(), (attempt, retryAfterMs, seed) => {
      const error = { code: 'host_unreachable', answer: 'retry', retryAfterMs } as const;
      assert.ok(Number(waitMs(SYNC_RETRY, attempt, error, seededRandom(seed))) >= retryAfterMs);
    }),
  );
});
