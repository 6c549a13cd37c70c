import type { Period } from './calendar.ts';
import { activityByPeriod } from './days.ts';
import type { InsightDatabase, Scope } from './insight-database.ts';

export interface ChurnInPeriod {
  /** First second of the period. */
  readonly start: number;
  /** Changes of files: one that two commits change counts twice. */
  readonly files: number;
  /** Lines. */
  readonly added: number;
  readonly removed: number;
}

/** Files touched, lines added and removed per day, week or month, like `commitsByPeriod`; zeros where churn was not read. */
export async function churnByPeriod(
  source: InsightDatabase,
  scope: Scope,
  period: Period,
): Promise<ChurnInPeriod[]> {
  const periods = await activityByPeriod(source, scope, period);
  return periods.map(({ start, files, added, removed }) => ({ start, files, added, removed }));
}
