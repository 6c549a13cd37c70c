import type { Period } from './calendar.ts';
import { activityByPeriod } from './days.ts';
import type { InsightDatabase, Scope } from './insight-database.ts';

export interface CommitsInPeriod {
  /** First second of the period. */
  readonly start: number;
  readonly commits: number;
}

/**
 * Commits per day, week or month by commit date in UTC, oldest first. Periods without commits between two
 * with commits are there with zero.
 */
export async function commitsByPeriod(
  source: InsightDatabase,
  scope: Scope,
  period: Period,
): Promise<CommitsInPeriod[]> {
  const periods = await activityByPeriod(source, scope, period);
  return periods.map(({ start, commits }) => ({ start, commits }));
}
