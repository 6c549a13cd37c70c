// Where the marks of a time axis stand and what they say. Pure, apart from the names that the reader's language has.
import type { TimeRange } from './range.ts';

/** `utc`: days as the station counts them; `local`: the reader's own clock. */
export type Zone = 'utc' | 'local';

export interface TimeTick {
  readonly ms: number;
  readonly text: string;
  /** A larger unit begins: a day among hours, a year among months. */
  readonly isMajor: boolean;
}

type Unit = 'minute' | 'hour' | 'day' | 'month' | 'year';
const MINUTE_MS = 60_000;
const STEPS: readonly { readonly unit: Unit; readonly count: number; readonly aboutMs: number }[] = [
  ...steps('minute', MINUTE_MS, [1, 5, 10, 15, 30]),
  ...steps('hour', 60 * MINUTE_MS, [1, 3, 6, 8, 12]),
  ...steps('day', 1_440 * MINUTE_MS, [1, 2, 7, 14]),
  ...steps('month', 43_800 * MINUTE_MS, [1, 3, 4, 6]),
  ...steps('year', 525_600 * MINUTE_MS, [1, 2, 5, 10, 20, 50]),
];

function steps(unit: Unit, ms: number, counts: readonly number[]) {
  return counts.map(count => ({ unit, count, aboutMs: ms * count }));
}

/**
 * Marks of an axis, `mostTicks` at most.
 * @param locale of the reader; the browser's own unless given
 */
export function timeTicks(range: TimeRange, mostTicks: number, zone: Zone, locale?: string): TimeTick[] {
  const length = range.toMs - range.fromMs;
  const step =
    STEPS.find(({ aboutMs }) => length / aboutMs <= Math.max(1, mostTicks)) ?? STEPS[STEPS.length - 1];
  if (!step || length <= 0) return [];
  const clock = clockOf(zone);
  const ticks: TimeTick[] = [];
  for (let ms = firstTick(range.fromMs, step, clock); ms < range.toMs; ms = nextTick(ms, step, clock)) {
    if (ms >= range.fromMs) ticks.push({ ms, ...wordsOf(ms, step.unit, zone, clock, locale) });
    if (ticks.length > 500) break;
  }
  return ticks;
}

interface Fields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

interface WallClock {
  fieldsOf(ms: number): Fields;
  /** What is beyond the end of a month or a day goes on in the next. */
  at(year: number, month: number, day?: number, hour?: number, minute?: number): number;
}

function clockOf(zone: Zone): WallClock {
  if (zone === 'utc')
    return {
      fieldsOf(ms) {
        const date = new Date(ms);
        return {
          year: date.getUTCFullYear(),
          month: date.getUTCMonth(),
          day: date.getUTCDate(),
          hour: date.getUTCHours(),
          minute: date.getUTCMinutes(),
        };
      },
      at: (year, month, day = 1, hour = 0, minute = 0) => Date.UTC(year, month, day, hour, minute),
    };
  return {
    fieldsOf(ms) {
      const date = new Date(ms);
      return {
        year: date.getFullYear(),
        month: date.getMonth(),
        day: date.getDate(),
        hour: date.getHours(),
        minute: date.getMinutes(),
      };
    },
    at: (year, month, day = 1, hour = 0, minute = 0) => new Date(year, month, day, hour, minute).getTime(),
  };
}

type Step = (typeof STEPS)[number];
/** A Monday: weeks are counted from it. */
const MONDAY_DAY = 4;
const DAY_MS = 1_440 * MINUTE_MS;

function firstTick(fromMs: number, { unit, count }: Step, clock: WallClock): number {
  const { year, month, day, hour, minute } = clock.fieldsOf(fromMs);
  const down = (value: number): number => Math.floor(value / count) * count;
  if (unit === 'year') return clock.at(down(year), 0);
  if (unit === 'month') return clock.at(year, down(month));
  if (unit === 'hour') return clock.at(year, month, day, down(hour));
  if (unit === 'minute') return clock.at(year, month, day, hour, down(minute));
  // Days of one, two or more weeks go on over the ends of months.
  const days = Math.round(Date.UTC(year, month, day) / DAY_MS) - MONDAY_DAY;
  return clock.at(year, month, day - (((days % count) + count) % count));
}

function nextTick(ms: number, { unit, count }: Step, clock: WallClock): number {
  const { year, month, day, hour, minute } = clock.fieldsOf(ms);
  if (unit === 'year') return clock.at(year + count, 0);
  if (unit === 'month') return clock.at(year, month + count);
  if (unit === 'day') return clock.at(year, month, day + count);
  // Where clocks are set, an hour may come twice: a mark never stands before the one before it.
  const next =
    unit === 'hour'
      ? clock.at(year, month, day, hour + count)
      : clock.at(year, month, day, hour, minute + count);
  return next > ms ? next : ms + count * (unit === 'hour' ? 60 : 1) * MINUTE_MS;
}

function wordsOf(
  ms: number,
  unit: Unit,
  zone: Zone,
  clock: WallClock,
  locale: string | undefined,
): { readonly text: string; readonly isMajor: boolean } {
  const { month, day, hour, minute } = clock.fieldsOf(ms);
  const text = (options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat(locale, { ...options, timeZone: zone === 'utc' ? 'UTC' : undefined }).format(ms);
  const isMidnight = hour === 0 && minute === 0;
  if (unit === 'year') return { text: text({ year: 'numeric' }), isMajor: false };
  if (month === 0 && day === 1 && isMidnight) return { text: text({ year: 'numeric' }), isMajor: true };
  if (unit === 'month') return { text: text({ month: 'short' }), isMajor: false };
  if (unit === 'day') return { text: text({ day: 'numeric', month: 'short' }), isMajor: false };
  if (isMidnight) return { text: text({ day: 'numeric', month: 'short' }), isMajor: true };
  return { text: text({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }), isMajor: false };
}
