import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contributorsByPeriod } from '../../src/insights/contributors.ts';

test('contributors are new once, lost after 90 days without a commit, and return from that (R-32)', () => {
  // Days 0 to 30 are January 1970. Ada goes on, Grace stays away for 90 days and returns, Alan is lost.
  const people = [
    [0, 40, 100, 180],
    [10, 100],
    [5, 20],
  ];
  const months = contributorsByPeriod(people, {}, 'month', 200);
  assert.deepEqual(
    months.map(({ active, new: fresh, returning, lost }) => [active, fresh, returning, lost]),
    [
      [3, 3, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 0],
      [2, 0, 1, 2],
      [0, 0, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 1],
    ],
  );
  const before = contributorsByPeriod(people, {}, 'month', 109);
  assert.equal(before.at(3)?.lost, 1, 'Alan has not been away for long enough by then');
  const since = contributorsByPeriod(people, { sinceDay: 90 }, 'month', 200);
  assert.deepEqual([since[0]?.active, since[0]?.new, since[0]?.returning], [2, 0, 1]);
});
