import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  durationMarks,
  linear,
  logarithmic,
  percentile,
  roundBytes,
  roundFigures,
  timeScale,
} from '../../../src/web/charts/scale.ts';

test('an axis has round figures from zero up to one that holds the most, about as many as wanted', () => {
  assert.deepEqual(roundFigures(17, 4), [0, 5, 10, 15, 20]);
  assert.deepEqual(roundFigures(0.34, 3), [0, 0.2, 0.4]);
  assert.deepEqual(roundFigures(1, 4, true), [0, 1]);
  assert.deepEqual(roundFigures(0, 4), [0, 1]);
  assert.deepEqual(roundFigures(Number.NaN, 4), [0, 1]);
  assert.deepEqual(roundBytes(3 * 1024 ** 2, 3), [0, 1024 ** 2, 2 * 1024 ** 2, 3 * 1024 ** 2]);
  fc.assert(
    fc.property(
      fc.double({ min: 1e-6, max: 1e12, noNaN: true }),
      fc.integer({ min: 1, max: 10 }),
      (most, wanted) => {
        for (const figures of [roundFigures(most, wanted), roundBytes(most, wanted)]) {
          assert.equal(figures[0], 0);
          assert.ok((figures.at(-1) ?? 0) >= most * 0.999_999);
          assert.ok(figures.length <= wanted + 2);
          // No figure more than is needed.
          assert.ok((figures.at(-2) ?? 0) < most);
        }
      },
    ),
  );
});

test('scales put their ends where they belong', () => {
  const y = linear(20, 100, 0);
  assert.deepEqual([y(0), y(10), y(20)], [100, 50, 0]);
  const ratio = logarithmic(10, 1_000, 0, 90);
  assert.deepEqual([ratio(1), ratio(10), Math.round(ratio(100)), ratio(1_000)], [0, 0, 45, 90]);
  const x = timeScale({ fromMs: 50, toMs: 150 }, 0, 200);
  assert.deepEqual([x(50), x(100), x(150)], [0, 100, 200]);
});

test('durations are marked by those that people think in, from one that is no longer to one that is no shorter', () => {
  const [hour, day] = [3_600_000, 86_400_000];
  assert.deepEqual(durationMarks(2 * hour, 10 * day), [
    hour,
    4 * hour,
    12 * hour,
    day,
    3 * day,
    7 * day,
    14 * day,
  ]);
  assert.deepEqual(durationMarks(day, day), [day, 3 * day]);
  assert.deepEqual(durationMarks(0, 5), [1, 10]);
  assert.deepEqual(
    [percentile([], 0.5), percentile([4], 0.9), percentile([1, 2, 3, 4], 0.5)],
    [undefined, 4, 2],
  );
});
