import type { DayActivity, LastCommitTime } from '../keep/store/questions.ts';
import { DAY_SECONDS, nextPeriod, type Period, periodStart } from './calendar.ts';

/** What happened in a period. */
export interface PeriodActivity extends Omit<DayActivity, 'day'> {
  /** First second of the period. */
  readonly start: number;
}

/** More periods than this in a row without a commit are left out instead of filled with zeros (dates far off). */
const LONGEST_GAP = 1_000;
const NOTHING = { commits: 0, merges: 0, files: 0, added: 0, removed: 0 };

/**
 * Activity per day, week or month in UTC, oldest first. Periods without commits between two with commits are there
 * with zeros.
 * @param days in ascending order
 */
export function activityByPeriod(days: readonly DayActivity[], period: Period): PeriodActivity[] {
  const sums = new Map<number, typeof NOTHING>();
  for (const { day, commits, merges, files, added, removed } of days) {
    const start = periodStart(day * DAY_SECONDS, period);
    const before = sums.get(start) ?? NOTHING;
    sums.set(start, {
      commits: before.commits + commits,
      merges: before.merges + merges,
      files: before.files + files,
      added: before.added + added,
      removed: before.removed + removed,
    });
  }
  return withoutGaps(sums, period, NOTHING).map(([start, activity]) => ({ start, ...activity }));
}

/**
 * Whether commits can have been made on a day: not on the very first that clocks know, which is where those without a
 * date or with a broken clock are, and not after tomorrow. The rows have them all; a chart over two centuries shows
 * nothing.
 * @param day days since the epoch
 */
export function isPlausibleDay(day: number, nowMs: number): boolean {
  return day > 0 && day <= Math.floor(nowMs / 1000 / DAY_SECONDS) + 1;
}

/** Merges of all commits of a period, 0 to 1; null where there are no commits. */
export function mergeShare({ commits, merges }: PeriodActivity): number | null {
  return commits === 0 ? null : merges / commits;
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

export interface LastCommit extends LastCommitTime {
  /** Seconds from then to now; negative where the commit's clock was ahead. */
  readonly ageMs: number | null;
}

/** How long ago something was last committed to each repository. */
export function withAges(last: readonly LastCommitTime[], nowMs: number): LastCommit[] {
  return last.map(({ repository, lastCommitAt }) => ({
    repository,
    lastCommitAt,
    ageMs: lastCommitAt === null ? null : nowMs - lastCommitAt * 1000,
  }));
}
