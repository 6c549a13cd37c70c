import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { adaptiveIntervalMs, adaptiveSync, BASE_PRICE, changeRate } from '../../src/engine/adaptive.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const UNBOUNDED = { minIntervalMs: 0, maxIntervalMs: Number.MAX_VALUE };

/** Mean age of an item that changes at `rate` and is synced every `interval` (Cho and Garcia-Molina 2003). */
function meanAge(rate: number, interval: number): number {
  const x = rate * interval;
  // The formula of the module's docstring; its series where the difference would lose its digits.
  if (x < 0.01) return (rate * interval * interval) / 6 - (rate * rate * interval ** 3) / 24;
  return interval / 2 - 1 / rate + (1 - Math.exp(-x)) / (rate * rate * interval);
}

const anyRate = fc
  .double({ min: Math.log(1 / (400 * DAY_MS)), max: Math.log(1 / MINUTE_MS), noNaN: true })
  .map(Math.exp);
const anyPrice = fc.double({ min: Math.log(1e6), max: Math.log(1e18), noNaN: true }).map(Math.exp);

test('at the interval that is answered, one more call takes just the price off the mean age (C-12)', () => {
  fc.assert(
    fc.property(anyRate, anyPrice, (rate, price) => {
      const interval = adaptiveIntervalMs(rate, price, UNBOUNDED);
      // −∂A/∂(1/I), by a difference on both sides.
      const step = 1e-4;
      const fewer = meanAge(rate, interval * (1 + step));
      const more = meanAge(rate, interval * (1 - step));
      const calls = 1 / (interval * (1 - step)) - 1 / (interval * (1 + step));
      const worth = (fewer - more) / calls;
      assert.ok(Math.abs(worth / price - 1) < 0.01, `${worth} for a price of ${price}`);
    }),
  );
});

test('what changes more often is looked at more often, and a dearer call is made less often (C-12)', () => {
  fc.assert(
    fc.property(
      anyRate,
      anyPrice,
      fc.double({ min: 1.01, max: 1000, noNaN: true }),
      (rate, price, factor) => {
        const interval = adaptiveIntervalMs(rate, price, UNBOUNDED);
        assert.ok(adaptiveIntervalMs(rate * factor, price, UNBOUNDED) <= interval);
        assert.ok(adaptiveIntervalMs(rate, price * factor, UNBOUNDED) >= interval);
      },
    ),
  );
});

test('an interval stays within its bounds (C-12)', () => {
  const bounds = { minIntervalMs: 2 * MINUTE_MS, maxIntervalMs: 3 * DAY_MS };
  const still = (stillMs: number, closed = false) => changeRate({ stillMs, closed });
  assert.equal(adaptiveIntervalMs(still(0), 1, bounds), bounds.minIntervalMs);
  assert.equal(adaptiveIntervalMs(still(400 * DAY_MS), 1e25, bounds), bounds.maxIntervalMs);
  const afterADay = adaptiveIntervalMs(still(DAY_MS), BASE_PRICE, bounds);
  assert.ok(afterADay > 2 * HOUR_MS && afterADay < 3 * HOUR_MS, `${afterADay / HOUR_MS} h at the base price`);
});

test('the longer it has been still, the lower the rate; a clock that is behind makes no harm (C-12)', () => {
  assert.ok(changeRate({ stillMs: HOUR_MS, closed: false }) > changeRate({ stillMs: DAY_MS, closed: false }));
  assert.equal(changeRate({ stillMs: -HOUR_MS, closed: false }), changeRate({ stillMs: 0, closed: false }));
  assert.ok(changeRate({ stillMs: 0, closed: true }) < changeRate({ stillMs: 30 * DAY_MS, closed: false }));
});

const RHYTHM = {
  quiet: false,
  minIntervalMs: 2 * MINUTE_MS,
  maxIntervalMs: 8 * HOUR_MS,
  policy: 'adaptive',
} as const;

test('a sync is planned from its last sync, with the reason in words (C-8, C-12)', () => {
  const lastSyncAtMs = Date.UTC(2026, 0, 5, 10);
  const at = (lastChangeAtMs: number | null, closed = false, stretch = 1) =>
    adaptiveSync({ nowMs: lastSyncAtMs, lastSyncAtMs, lastChangeAtMs }, { ...RHYTHM, stretch }, closed);
  assert.deepEqual(adaptiveSync({ nowMs: 7, lastSyncAtMs: null, lastChangeAtMs: null }, RHYTHM), {
    atMs: 7,
    reason: 'never synced',
  });
  const busy = at(lastSyncAtMs - MINUTE_MS);
  const still = at(lastSyncAtMs - DAY_MS);
  assert.ok(busy.atMs < still.atMs);
  assert.match(
    still.reason,
    /^last change 24 ?h.* ago → every .*\(adaptive\)$|^last change 1 ?d.* ago → every .*\(adaptive\)$/,
  );
  assert.equal(at(null).atMs, lastSyncAtMs + 3 * DAY_MS, 'no change known: the longest interval');
  assert.ok(at(lastSyncAtMs - DAY_MS, true).atMs > still.atMs, 'what is closed waits longer');
});

test('stretched, nothing comes sooner, and what seldom changes waits just so many times as long (C-12, C-15)', () => {
  const lastSyncAtMs = Date.UTC(2026, 0, 5, 10);
  const interval = (stillMs: number, stretch: number): number => {
    const times = { nowMs: lastSyncAtMs, lastSyncAtMs, lastChangeAtMs: lastSyncAtMs - stillMs };
    return adaptiveSync(times, { ...RHYTHM, maxIntervalMs: 365 * DAY_MS, stretch }).atMs - lastSyncAtMs;
  };
  for (const stillMs of [MINUTE_MS, HOUR_MS, DAY_MS, 30 * DAY_MS]) {
    assert.ok(interval(stillMs, 3) >= 2.9 * interval(stillMs, 1), `${stillMs}`);
  }
  assert.ok(interval(30 * DAY_MS, 3) < 3.1 * interval(30 * DAY_MS, 1));
  assert.match(
    adaptiveSync({ nowMs: 1, lastSyncAtMs: 1, lastChangeAtMs: 1 }, { ...RHYTHM, stretch: 1.44 }).reason,
    /stretched ×1\.4 by the rate limit/,
  );
});
