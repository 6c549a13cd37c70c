import type { Period } from './calendar.ts';
import { activityByPeriod } from './days.ts';
import type { InsightDatabase, Scope } from './insight-database.ts';

export interface MergesInPeriod {
  /** First second of the period. */
  readonly start: number;
  readonly commits: number;
  /** Commits with two parents or more. */
  readonly merges: number;
  /** Merges of all commits, 0 to 1; null where there are no commits. */
  readonly share: number | null;
}

/** How many of the commits are merges, per day, week or month. */
export async function mergeShare(
  source: InsightDatabase,
  scope: Scope,
  period: Period,
): Promise<MergesInPeriod[]> {
  const periods = await activityByPeriod(source, scope, period);
  return periods.map(({ start, commits, merges }) => ({
    start,
    commits,
    merges,
    share: commits === 0 ? null : merges / commits,
  }));
}
