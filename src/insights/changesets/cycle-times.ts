import type { ChangesetWindow, MergedCycle, Questions } from '../../keep/store/questions.ts';
import { isoDate, type Period, periodStart } from '../calendar.ts';

/** How long changesets took from their creation to their merge, less time as a draft, by when they were merged. */
export interface CycleTimes {
  /** The classes of the distribution: each goes up to so many milliseconds, the last one on. */
  readonly upToMs: readonly (number | null)[];
  /** Oldest first; those without a merge are left out. */
  readonly periods: readonly CycleTimesOfPeriod[];
}

/** Durations in milliseconds, by nearest rank. */
export interface CycleTimesOfPeriod {
  /** `2026-11-22` */
  readonly start: string;
  /** Merged in the period. */
  readonly count: number;
  readonly p25: number;
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  /** How many there are in each class. */
  readonly classes: readonly number[];
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Each about three times the one before, where people would draw a line. */
const UP_TO_MS: readonly (number | null)[] = [
  HOUR_MS / 4,
  HOUR_MS,
  4 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
  3 * DAY_MS,
  7 * DAY_MS,
  14 * DAY_MS,
  30 * DAY_MS,
  90 * DAY_MS,
  null,
];

/** Reads how cycle times were distributed, period by period. */
export async function cycleTimes(
  questions: Pick<Questions, 'mergedCycles'>,
  query: ChangesetWindow & { readonly by: Period },
): Promise<CycleTimes> {
  return { upToMs: UP_TO_MS, periods: byPeriod(await questions.mergedCycles(query), query.by) };
}

function byPeriod(merged: readonly MergedCycle[], by: Period): CycleTimesOfPeriod[] {
  const periods = Map.groupBy(merged, ({ mergedAtMs }) => periodStart(Math.floor(mergedAtMs / 1000), by));
  return [...periods]
    .sort(([one], [other]) => one - other)
    .map(([start, some]) => {
      const sorted = Float64Array.from(some, ({ cycleMs }) => cycleMs).sort();
      const at = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
      return {
        start: isoDate(start),
        count: sorted.length,
        p25: at(0.25),
        p50: at(0.5),
        p75: at(0.75),
        p90: at(0.9),
        classes: classesOf(sorted),
      };
    });
}

function classesOf(durations: Iterable<number>): number[] {
  const counts = UP_TO_MS.map(() => 0);
  for (const ms of durations) {
    const at = UP_TO_MS.findIndex(upToMs => upToMs === null || ms <= upToMs);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}
