// Days, weeks and months in UTC, as the station counts them, in milliseconds since the epoch. Pure.

export type Period = 'day' | 'week' | 'month';

export const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** The epoch was a Thursday; weeks begin on Monday (ISO 8601). */
const MONDAY_OFFSET_MS = 3 * DAY_MS;

/** When the period begins that holds a moment. */
export function periodStart(atMs: number, period: Period): number {
  if (period === 'day') return Math.floor(atMs / DAY_MS) * DAY_MS;
  if (period === 'week') return Math.floor((atMs + MONDAY_OFFSET_MS) / WEEK_MS) * WEEK_MS - MONDAY_OFFSET_MS;
  const date = new Date(atMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

/** When the period ends that begins at `startMs`. */
export function periodEnd(startMs: number, period: Period): number {
  if (period === 'day') return startMs + DAY_MS;
  if (period === 'week') return startMs + WEEK_MS;
  const date = new Date(startMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

/** `2026-11-22`, the day in UTC. */
export function isoDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** A span of time with what is known of it; undefined: nothing was answered for it. */
export interface Span<T> {
  readonly fromMs: number;
  readonly toMs: number;
  readonly value: T | undefined;
}

/**
 * Every period that has a part in a range, with the answer's row where there is one: what the station leaves out at
 * both ends, and between, is there as a period without a value.
 */
export function spansOf<T extends { readonly start: string }>(
  rows: readonly T[],
  range: { readonly fromMs: number; readonly toMs: number },
  period: Period,
): Span<T>[] {
  const byStart = new Map(rows.map(row => [Date.parse(row.start), row]));
  const spans: Span<T>[] = [];
  for (let fromMs = periodStart(range.fromMs, period); fromMs < range.toMs; ) {
    const toMs = periodEnd(fromMs, period);
    spans.push({ fromMs, toMs, value: byStart.get(fromMs) });
    fromMs = toMs;
  }
  return spans;
}
