import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliveryTimes, Statistics } from '../../src/deliver/statistics.ts';

test('how long files took is told by a few bounds, over all destinations (W-110)', () => {
  const statistics = new Statistics();
  for (const [destination, seconds] of [
    ['a', 0.4],
    ['a', 1],
    ['b', 14],
    ['b', 299],
    ['b', 7_000],
    ['b', 90_000],
  ] as const)
    statistics.delivered(destination, 1, seconds * 1_000);
  statistics.delivered('a', 1);
  const durations = statistics.all().map(({ duration }) => duration);
  assert.deepEqual(deliveryTimes(durations), {
    timed: 6,
    within1s: 2,
    within15s: 3,
    within5m: 4,
    within2h: 5,
  });
  assert.equal(deliveryTimes([]).timed, 0);
});
