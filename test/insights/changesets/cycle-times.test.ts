import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cycleTimes } from '../../../src/insights/changesets/cycle-times.ts';
import type { ChangesetLifeRow } from '../../../src/keep/store/questions.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MONDAY_MS = Date.parse('2026-03-02T00:00:00Z');

const life = (id: number, mergedAtMs: number | null, cycleMs: number): ChangesetLifeRow => ({
  ...{
    id,
    state: mergedAtMs === null ? 'closed' : 'merged',
    author: 'ada',
    mergedAtMs,
    lines: 1,
    events: [],
  },
  createdAtMs: (mergedAtMs ?? MONDAY_MS) - cycleMs,
  closedAtMs: mergedAtMs ?? MONDAY_MS,
});

test('cycle times are a distribution for each period of merges: percentiles by nearest rank, and how many in each class (W-102)', async () => {
  const lives = [
    life(1, MONDAY_MS, HOUR_MS),
    life(2, MONDAY_MS + DAY_MS, 2 * HOUR_MS),
    life(3, MONDAY_MS + 6 * DAY_MS, 5 * DAY_MS),
    life(4, MONDAY_MS + 2 * DAY_MS, 400 * DAY_MS),
    life(5, null, HOUR_MS),
    life(6, MONDAY_MS + 14 * DAY_MS, 10 * 60_000),
    // Before the window, and at its end.
    life(7, MONDAY_MS - 1, HOUR_MS),
    life(8, MONDAY_MS + 21 * DAY_MS, HOUR_MS),
  ];
  const asked: number[] = [];
  const questions = {
    changesetLives: async ({ afterId }: { readonly afterId: number }) => {
      asked.push(afterId);
      return lives;
    },
  };
  const window = { sinceMs: MONDAY_MS, untilMs: MONDAY_MS + 21 * DAY_MS };
  const { upToMs, periods } = await cycleTimes(questions, { ...window, by: 'week' }, MONDAY_MS);
  assert.deepEqual(asked, [0]);
  assert.equal(upToMs.at(-1), null);
  assert.deepEqual(periods, [
    {
      ...{ start: '2026-03-02', count: 4, p25: HOUR_MS, p50: 2 * HOUR_MS },
      ...{ p75: 5 * DAY_MS, p90: 400 * DAY_MS, classes: [0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1] },
    },
    {
      ...{ start: '2026-03-16', count: 1, p25: 600_000, p50: 600_000, p75: 600_000, p90: 600_000 },
      classes: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    },
  ]);
});
