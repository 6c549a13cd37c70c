import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cycleTimes } from '../../../src/insights/changesets/cycle-times.ts';
import type { ChangesetWindow, MergedCycle } from '../../../src/keep/store/questions.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MONDAY_MS = Date.parse('2026-03-02T00:00:00Z');

test('cycle times are a distribution for each period of merges: percentiles by nearest rank, and how many in each class (W-102)', async () => {
  const cycles: MergedCycle[] = [
    { mergedAtMs: MONDAY_MS, cycleMs: HOUR_MS },
    { mergedAtMs: MONDAY_MS + DAY_MS, cycleMs: 2 * HOUR_MS },
    { mergedAtMs: MONDAY_MS + 2 * DAY_MS, cycleMs: 400 * DAY_MS },
    { mergedAtMs: MONDAY_MS + 6 * DAY_MS, cycleMs: 5 * DAY_MS },
    { mergedAtMs: MONDAY_MS + 14 * DAY_MS, cycleMs: 10 * 60_000 },
  ];
  const window = { sinceMs: MONDAY_MS, untilMs: MONDAY_MS + 21 * DAY_MS };
  const mergedCycles = async ({ sinceMs, untilMs }: ChangesetWindow): Promise<MergedCycle[]> => {
    assert.deepEqual({ sinceMs, untilMs }, window);
    return cycles;
  };
  const { upToMs, periods } = await cycleTimes({ mergedCycles }, { ...window, by: 'week' });
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
