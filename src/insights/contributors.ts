import type { Scope } from '../keep/store/questions.ts';
import { withoutGaps } from './activity.ts';
import { DAY_SECONDS, type Period, periodStart } from './calendar.ts';

export interface ContributorsInPeriod {
  /** First second of the period. */
  readonly start: number;
  /** People with a commit in the period: the new, the returning and those who went on. */
  readonly active: number;
  /** Their first commit ever in these repositories. */
  readonly new: number;
  /** Their first commit after an absence of `absenceDays` or more. */
  readonly returning: number;
  /** Those whose absence came to `absenceDays` in the period. */
  readonly lost: number;
}

/** An absence that counts, in days without a commit. */
export const ABSENCE_DAYS = 90;

interface Counts {
  active: number;
  new: number;
  returning: number;
  lost: number;
}

const NOBODY: Readonly<Counts> = { active: 0, new: 0, returning: 0, lost: 0 };

/**
 * Who came, stayed, came back and went, per day, week or month, oldest first. Who is new or returns is judged by
 * the whole history, whatever part of it is asked about.
 * @param people for each the days with commits, in ascending order
 * @param window which days are asked about
 * @param today days since the epoch: an absence that has not lasted long enough by then is none
 */
export function contributorsByPeriod(
  people: readonly (readonly number[])[],
  window: Pick<Scope, 'sinceDay' | 'untilDay'>,
  period: Period,
  today: number,
): ContributorsInPeriod[] {
  const counts = new Map<number, Counts>();
  // Many people share a day, and finding its period takes longer than finding the day.
  const byDay = new Map<number, Counts>();
  const at = (day: number): Counts => {
    const known = byDay.get(day);
    if (known) return known;
    const start = periodStart(day * DAY_SECONDS, period);
    const found = counts.get(start) ?? { ...NOBODY };
    counts.set(start, found);
    byDay.set(day, found);
    return found;
  };
  for (const days of people) countPerson(days, today, at);
  const inOrder = new Map([...counts].sort(([one], [other]) => one - other));
  const from = periodStart((window.sinceDay ?? 0) * DAY_SECONDS, period);
  const to = (window.untilDay ?? Number.POSITIVE_INFINITY) * DAY_SECONDS;
  return withoutGaps(inOrder, period, NOBODY)
    .map(([start, some]) => ({ start, ...some }))
    .filter(({ start }) => start >= from && start < to);
}

/** @param days in ascending order */
function countPerson(days: readonly number[], today: number, at: (day: number) => Counts): void {
  let before: number | undefined;
  let active: Counts | undefined;
  for (const day of days) {
    const counts = at(day);
    if (counts !== active) counts.active += 1;
    active = counts;
    if (before === undefined) counts.new += 1;
    else if (day - before >= ABSENCE_DAYS) {
      counts.returning += 1;
      at(before + ABSENCE_DAYS).lost += 1;
    }
    before = day;
  }
  if (before !== undefined && before + ABSENCE_DAYS <= today) at(before + ABSENCE_DAYS).lost += 1;
}
