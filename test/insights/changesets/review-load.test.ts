import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY_SECONDS } from '../../../src/insights/calendar.ts';
import { reviewLoad } from '../../../src/insights/changesets/review-load.ts';

const MONDAY = Date.parse('2026-03-02') / 1000 / DAY_SECONDS;

test('review load: reviewers by how much they review, per period, and what everybody did (W-100)', async () => {
  const days = [
    { reviewer: 'ada', day: MONDAY, reviews: 2 },
    { reviewer: 'ada', day: MONDAY + 6, reviews: 1 },
    { reviewer: 'ada', day: MONDAY + 7, reviews: 4 },
    { reviewer: 'bob', day: MONDAY + 7, reviews: 9 },
    { reviewer: 'cy', day: MONDAY, reviews: 1 },
  ];
  const query = { sinceMs: 0, untilMs: 1, by: 'week' } as const;
  assert.deepEqual(await reviewLoad({ reviewsByDay: async () => days }, query, 2), {
    reviewers: [
      { reviewer: 'bob', reviews: 9, periods: [{ start: '2026-03-09', reviews: 9 }] },
      {
        ...{ reviewer: 'ada', reviews: 7 },
        periods: [
          { start: '2026-03-02', reviews: 3 },
          { start: '2026-03-09', reviews: 4 },
        ],
      },
    ],
    everybody: { people: 3, reviews: 17 },
  });
});
