import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_RHYTHM } from '../../../../src/engine/schedule.ts';
import { nextRepositorySync } from '../../../../src/gather/repos/tracking/schedule.ts';
import type { Repository } from '../../../../src/keep/store/types.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 0, 5);

/** How long until a repository is fetched again, in hours. */
function hours(lastCommitMs: number | null, lastNewsAtMs: number | null = null): number {
  const lastCommitAt = lastCommitMs === null ? null : lastCommitMs / 1000;
  const totals = { commits: 1, authors: 1, firstCommitAt: lastCommitAt, lastCommitAt };
  const repository = { tracked: true, totals, lastBakedAtMs: NOW_MS, lastNewsAtMs } as Repository;
  return ((nextRepositorySync(repository, NOW_MS, DEFAULT_RHYTHM).nextAtMs ?? 0) - NOW_MS) / HOUR_MS;
}

test('as long again as the last commit is ago, or the last news, whichever is later (R-28)', () => {
  assert.equal(hours(NOW_MS - 3 * HOUR_MS), 3);
  assert.equal(hours(NOW_MS - 3 * HOUR_MS, NOW_MS - HOUR_MS), 1);
  assert.equal(hours(NOW_MS - HOUR_MS, NOW_MS - 3 * HOUR_MS), 1);
  assert.equal(hours(null), 8);
  assert.equal(
    nextRepositorySync({ tracked: false, totals: {} } as Repository, NOW_MS, DEFAULT_RHYTHM).nextAtMs,
    null,
  );
});

test('a commit of the year 2100 does not have its repository fetched every two minutes until then (R-28, T-13)', () => {
  assert.equal(hours(Date.UTC(2100, 0, 1)), 8);
  assert.equal(hours(Date.UTC(2100, 0, 1), NOW_MS - 2 * HOUR_MS), 2);
  // A clock that is ahead by some hours is believed.
  assert.equal(hours(NOW_MS + 3 * HOUR_MS), 1 / 30);
});
