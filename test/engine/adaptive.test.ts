import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { adaptiveIntervalMs, adjustPrice, changeRate, FIRST_PRICE } from '../../src/engine/adaptive.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const UNBOUNDED = { minIntervalMs: 0, maxIntervalMs: Number.MAX_VALUE };

/** Mean age of an item that changes at `rate` and is looked at every `interval` (Cho and Garcia-Molina 2003). */
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

test('S7: at the interval that is answered, one more call takes just the price off the mean age', () => {
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

test('S7: what changes more often is looked at more often, and a dearer call is made less often', () => {
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

test('S7: an interval stays within its bounds', () => {
  const bounds = { minIntervalMs: 2 * MINUTE_MS, maxIntervalMs: 3 * DAY_MS };
  const still = (stillMs: number, closed = false) => changeRate({ stillMs, closed });
  assert.equal(adaptiveIntervalMs(still(0), 1, bounds), bounds.minIntervalMs);
  assert.equal(adaptiveIntervalMs(still(400 * DAY_MS), 1e25, bounds), bounds.maxIntervalMs);
  const afterADay = adaptiveIntervalMs(still(DAY_MS), FIRST_PRICE, bounds);
  assert.ok(afterADay > HOUR_MS && afterADay < 2 * HOUR_MS, `${afterADay / HOUR_MS} h at the first price`);
});

test('S7: the longer it has been still, the lower the rate; a clock that is behind makes no harm', () => {
  assert.ok(changeRate({ stillMs: HOUR_MS, closed: false }) > changeRate({ stillMs: DAY_MS, closed: false }));
  assert.equal(changeRate({ stillMs: -HOUR_MS, closed: false }), changeRate({ stillMs: 0, closed: false }));
  assert.ok(changeRate({ stillMs: 0, closed: true }) < changeRate({ stillMs: 30 * DAY_MS, closed: false }));
});

test('S5, S7: the price finds the budget, from far above and far below', () => {
  const bounds = { minIntervalMs: 2 * MINUTE_MS, maxIntervalMs: 3 * DAY_MS };
  const stills = Array.from({ length: 500 }, (_, index) => MINUTE_MS * 1.02 ** index);
  const demand = (price: number): number =>
    stills.reduce(
      (sum, stillMs) =>
        sum + HOUR_MS / adaptiveIntervalMs(changeRate({ stillMs, closed: false }), price, bounds),
      0,
    );
  for (const first of [FIRST_PRICE * 1e6, FIRST_PRICE / 1e6]) {
    const budget = 200;
    let price = first;
    for (let round = 0; round < 30; round += 1) price = adjustPrice(price, { calls: demand(price), budget });
    assert.ok(Math.abs(demand(price) / budget - 1) < 0.02, `${demand(price)} calls of ${budget}`);
  }
  assert.equal(adjustPrice(1, { calls: 0, budget: 100 }), 1 / 4, 'never by more than four at once');
  assert.equal(adjustPrice(1, { calls: 10, budget: 0 }), 4);
});
