import { DAY_SECONDS, nextPeriod, type Period, periodStart } from './calendar.ts';
import { BOTS, IN_SCOPE, type InsightDatabase, type Scope, scopeParams } from './insight-database.ts';

/** What happened in a period. Files and lines are those of commits whose churn has been read. */
export interface Activity {
  readonly commits: number;
  readonly merges: number;
  /** Changes of files: one that two commits change counts twice. */
  readonly files: number;
  readonly added: number;
  readonly removed: number;
}

export interface ActivityInPeriod extends Activity {
  /** First second of the period. */
  readonly start: number;
}

/** More periods than this in a row without a commit are left out instead of filled with zeros (odd dates). */
const LONGEST_GAP = 1_000;
const NOTHING: Activity = { commits: 0, merges: 0, files: 0, added: 0, removed: 0 };

const SUMS =
  'sum(commits) AS commits, sum(merges) AS merges, sum(files) AS files, sum(added) AS added, sum(removed) AS removed';
const ALL = `SELECT day, ${SUMS} FROM repository_days WHERE ${IN_SCOPE} GROUP BY day ORDER BY day`;
/** The roll-up by day knows no authors: what programs did is taken off. */
const WITHOUT_BOTS = `
  SELECT day, ${SUMS} FROM (
    SELECT day, commits, merges, files, added, removed FROM repository_days WHERE ${IN_SCOPE}
    UNION ALL
    SELECT day, -commits, -merges, -files, -added, -removed FROM author_days
     WHERE ${IN_SCOPE} AND author_id IN (${BOTS}))
  GROUP BY day HAVING sum(commits) > 0 ORDER BY day`;

/**
 * Activity per day, week or month by commit date in UTC, oldest first. Periods without commits between two with
 * commits are there with zeros.
 */
export async function activityByPeriod(
  source: InsightDatabase,
  scope: Scope,
  period: Period,
): Promise<ActivityInPeriod[]> {
  const rows = await source.query(scope.withoutBots ? WITHOUT_BOTS : ALL, scopeParams(scope));
  const sums = new Map<number, Activity>();
  for (const row of rows) {
    const start = periodStart(Number(row.day) * DAY_SECONDS, period);
    const before = sums.get(start) ?? NOTHING;
    sums.set(start, {
      commits: before.commits + Number(row.commits),
      merges: before.merges + Number(row.merges),
      files: before.files + Number(row.files),
      added: before.added + Number(row.added),
      removed: before.removed + Number(row.removed),
    });
  }
  return withoutGaps(sums, period, NOTHING).map(([start, activity]) => ({ start, ...activity }));
}

/** Fills the gaps between periods, which come in ascending order. */
export function withoutGaps<T>(
  values: ReadonlyMap<number, T>,
  period: Period,
  nothing: T,
): (readonly [number, T])[] {
  const filled: (readonly [number, T])[] = [];
  for (const [start, value] of values) {
    const previous = filled.at(-1);
    if (previous) {
      const gap: (readonly [number, T])[] = [];
      for (let at = nextPeriod(previous[0], period); at < start; at = nextPeriod(at, period)) {
        if (gap.push([at, nothing]) > LONGEST_GAP) break;
      }
      if (gap.length <= LONGEST_GAP) filled.push(...gap);
    }
    filled.push([start, value]);
  }
  return filled;
}
