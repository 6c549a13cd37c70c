import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trendOf } from '../../../src/web/charts/forecast.ts';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const falling = (count: number, from: number, perDay: number) =>
  Array.from({ length: count }, (_, day) => ({ atMs: day * DAY_MS, value: from + day * perDay }));

test('a disk that fills evenly is full where its line says, and one cleaning in between does not bend that (W-106)', () => {
  assert.deepEqual(trendOf(falling(11, 100, -5), YEAR_MS), { perDay: -5, endsAtMs: 20 * DAY_MS });
  const bent = falling(30, 1_000, -10).map((each, at) => (at === 12 ? { ...each, value: 5_000 } : each));
  assert.equal(Math.round(trendOf(bent, YEAR_MS)?.perDay ?? 0), -10);
});

test('nothing is foretold of what grows, of what would end beyond the horizon, of too few samples or too short a time', () => {
  assert.deepEqual(trendOf(falling(10, 5, 1), YEAR_MS), { perDay: 1, endsAtMs: null });
  assert.equal(trendOf(falling(10, 1e9, -1), YEAR_MS)?.endsAtMs, null);
  assert.equal(trendOf(falling(2, 100, -1), YEAR_MS), undefined);
  const soon = falling(5, 100, -1).map(({ value }, at) => ({ atMs: at * 1_000, value }));
  assert.equal(trendOf(soon, YEAR_MS), undefined);
  assert.equal(trendOf([], YEAR_MS), undefined);
});

test('many samples cost no more than some hundred do', () => {
  const trend = trendOf(falling(5_000, 1e6, -3), 1_000 * YEAR_MS);
  assert.equal(Math.round(trend?.perDay ?? 0), -3);
});
