// Which time the charts of a page show: it stands in the address as `range=1y` or `range=2026-01-01..2026-03-31`. Pure.
import { DAY_MS, isoDay, type Period, periodStart } from './periods.ts';

export interface TimeRange {
  readonly fromMs: number;
  /** Before then. */
  readonly toMs: number;
}

export interface NamedRange extends TimeRange {
  /** As the address has it. */
  readonly text: string;
  /** It ends now, and goes along with the time. */
  readonly isUpToNow: boolean;
}

/** Ranges up to now, by their names in the address, in days; `all`: from the first day that is known. */
export const RANGES = [
  { name: '4w', title: '4 weeks', days: 28 },
  { name: '3m', title: '3 months', days: 91 },
  { name: '1y', title: '1 year', days: 365 },
  { name: '3y', title: '3 years', days: 3 * 365 },
  { name: 'all', title: 'All', days: undefined },
] as const;

export type RangeName = (typeof RANGES)[number]['name'];

const CHOSEN = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/;
/** What `all` shows where nothing is known yet, and the least that it shows. */
const SHORTEST_DAYS = 28;

/**
 * What the address means. Whatever it does not mean is `byDefault`.
 * @param firstMs the first moment that there is something of; undefined: not known
 */
export function rangeOf(
  text: string | null | undefined,
  byDefault: RangeName,
  nowMs: number,
  firstMs: number | undefined,
): NamedRange {
  const [, first, last] = CHOSEN.exec(text ?? '') ?? [];
  if (first !== undefined && last !== undefined) {
    const fromMs = Date.parse(first);
    const toMs = Date.parse(last) + DAY_MS;
    if (fromMs < toMs) return { text: `${first}..${last}`, fromMs, toMs, isUpToNow: false };
  }
  const range = RANGES.find(({ name }) => name === text) ?? RANGES.find(({ name }) => name === byDefault);
  const days = range?.days ?? allDays(nowMs, firstMs);
  const fromMs = periodStart(nowMs - days * DAY_MS, 'day') + DAY_MS;
  return { text: range?.name ?? byDefault, fromMs, toMs: nowMs, isUpToNow: true };
}

function allDays(nowMs: number, firstMs: number | undefined): number {
  return Math.max(SHORTEST_DAYS, Math.ceil((nowMs - (firstMs ?? nowMs)) / DAY_MS) + 1);
}

/** How the address names a range that somebody chose: whole days, one at least. */
export function chosenRange({ fromMs, toMs }: TimeRange): string {
  const from = periodStart(fromMs, 'day');
  const last = Math.max(from, periodStart(toMs - 1, 'day'));
  return `${isoDay(from)}..${isoDay(last)}`;
}

/** By what a range is counted so that its columns can be told apart: some hundred at most. */
export function periodFor({ fromMs, toMs }: TimeRange): Period {
  const days = (toMs - fromMs) / DAY_MS;
  if (days <= 100) return 'day';
  return days <= 1_100 ? 'week' : 'month';
}

/** What is asked of the station: whole periods, so that the first column is no part of one. */
export function questionOf(range: TimeRange, by: Period): { readonly since: string; readonly until: string } {
  return {
    since: isoDay(Math.max(DAY_MS, periodStart(range.fromMs, by))),
    until: isoDay(periodStart(range.toMs - 1, 'day') + DAY_MS),
  };
}

/** A range moved or made narrower by keys: by a share of its length, never beyond now. */
export function wider(range: TimeRange, nowMs: number): TimeRange {
  const half = (range.toMs - range.fromMs) / 2;
  return { fromMs: Math.max(DAY_MS, range.fromMs - half), toMs: Math.min(nowMs, range.toMs + half) };
}
