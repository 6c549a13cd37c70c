// Times and figures of charts in words. Pure, apart from the names that the reader's language has.
import type { Period } from './periods.ts';

const format = (options: Intl.DateTimeFormatOptions, locale?: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(locale, options);

/** A day, week or month as the station counts it, in UTC: `Mar 3 – 9, 2025`. */
export function periodWords(fromMs: number, toMs: number, period: Period, locale?: string): string {
  const last = toMs - 1;
  if (period === 'month')
    return format({ month: 'long', year: 'numeric', timeZone: 'UTC' }, locale).format(fromMs);
  const day = { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' } as const;
  if (period === 'day') return format({ ...day, weekday: 'short' }, locale).format(fromMs);
  return format(day, locale).formatRange(fromMs, last);
}

/** When a day, week or month of UTC is on the reader's clock; undefined where that is the same. */
export function onOwnClock(
  fromMs: number,
  toMs: number,
  locale?: string,
  timeZone?: string,
): string | undefined {
  const time = format(
    { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone },
    locale,
  );
  const utc = format(
    { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone: 'UTC' },
    locale,
  );
  if (time.format(fromMs) === utc.format(fromMs) && time.format(toMs) === utc.format(toMs)) return undefined;
  return `${time.format(fromMs)} to ${time.format(toMs)} by your clock`;
}

/** A moment on the reader's clock. */
export function momentWords(ms: number, locale?: string, timeZone?: string): string {
  return format(
    { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone },
    locale,
  ).format(ms);
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A round duration, as short as an axis wants it: `15m`, `4h`, `2wk`, `1mo`. */
export function markWords(ms: number): string {
  if (ms < 1_000) return `${ms}ms`;
  if (ms < MINUTE_MS) return `${Math.round(ms / 1_000)}s`;
  if (ms < HOUR_MS) return `${Math.round(ms / MINUTE_MS)}m`;
  if (ms < DAY_MS) return `${Math.round(ms / HOUR_MS)}h`;
  if (ms < 7 * DAY_MS) return `${Math.round(ms / DAY_MS)}d`;
  if (ms < 30 * DAY_MS) return `${Math.round(ms / (7 * DAY_MS))}wk`;
  return ms < 365 * DAY_MS ? `${Math.round(ms / (30 * DAY_MS))}mo` : `${Math.round(ms / (365 * DAY_MS))}y`;
}

/** `1,234`, `12k`, `3.4M`: figures of an axis. */
export function shortFigure(value: number, locale?: string): string {
  return new Intl.NumberFormat(locale, {
    notation: Math.abs(value) >= 10_000 ? 'compact' : 'standard',
  }).format(value);
}

/** `Mon, Nov 30, 14:00 to 14:15`. */
export function clockSpan(fromMs: number, toMs: number): string {
  return `${momentWords(fromMs)} to ${new Date(toMs).toLocaleTimeString([], { timeStyle: 'short' })}`;
}

/** `4K`, `128M`: of an axis. */
export function shortBytes(value: number): string {
  const at = Math.min(4, Math.max(0, Math.floor(Math.log2(value) / 10)));
  return `${Number((value / 1024 ** at).toPrecision(3))}${['B', 'K', 'M', 'G', 'T'][at]}`;
}
