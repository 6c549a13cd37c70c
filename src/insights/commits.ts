import { DAY_SECONDS, nextPeriod, type Period, periodStart } from './calendar.ts';
import { type Scope, type Source, scopeConditions } from './source.ts';

export interface CommitsInPeriod {
  /** First second of the period. */
  readonly start: number;
  readonly commits: number;
}

/** More periods than this in a row without a commit are left out instead of filled with zeros (odd dates). */
const LONGEST_GAP = 1_000;

/**
 * Commits per day, week or month by commit date in UTC, oldest first. Periods without commits between two
 * with commits are there with zero.
 */
export async function commitsByPeriod(
  source: Source,
  scope: Scope,
  period: Period,
): Promise<CommitsInPeriod[]> {
  if (scope.repositoryIds.length === 0) return [];
  const { sql, params } = scopeConditions(scope);
  const rows = await source.query(
    `SELECT committed_at / ${DAY_SECONDS} AS day, count(*) AS commits
       FROM commits WHERE ${sql} GROUP BY day ORDER BY day`,
    params,
  );
  const counts = new Map<number, number>();
  for (const row of rows) {
    const start = periodStart(Number(row.day) * DAY_SECONDS, period);
    counts.set(start, (counts.get(start) ?? 0) + Number(row.commits));
  }
  return withoutGaps(counts, period);
}

function withoutGaps(counts: ReadonlyMap<number, number>, period: Period): CommitsInPeriod[] {
  const filled: CommitsInPeriod[] = [];
  for (const [start, commits] of counts) {
    const previous = filled.at(-1);
    if (previous) {
      const gap: CommitsInPeriod[] = [];
      for (let at = nextPeriod(previous.start, period); at < start; at = nextPeriod(at, period)) {
        if (gap.push({ start: at, commits: 0 }) > LONGEST_GAP) break;
      }
      if (gap.length <= LONGEST_GAP) filled.push(...gap);
    }
    filled.push({ start, commits });
  }
  return filled;
}
