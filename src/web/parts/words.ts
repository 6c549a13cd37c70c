// Figures and times in words. What belongs together holds together: no figure is parted from its unit.

/** A blank at which no line ends. */
export const NBSP = '\u00a0';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365.25 * DAY_MS;

/** `85,123` as the reader's language has it. */
export function number(value: number): string {
  return value.toLocaleString();
}

/** `1 file`, `2,000 files`. */
export function count(value: number, one: string, several = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : several}`;
}

/** `failed once`, `failed 3 times in a row`. */
export function failedWords(failures: number): string {
  return failures === 1 ? 'failed once' : `failed ${count(failures, 'time')} in a row`;
}

/** `840ms`, `3.2s`, `4m`, `3h 5m`, `12d 4h`. */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}h${NBSP}${minutes % 60}m`;
  const days = Math.floor(hours / 24);
  return days < 60 ? `${days}d${NBSP}${hours % 24}h` : age(ms);
}

/** How long, by its largest unit alone: `12s`, `4m`, `3h`, `5 days`, `8 months`, `17 years`. */
export function age(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.max(0, Math.round(ms / 1000))}s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)}m`;
  const hours = Math.floor(ms / HOUR_MS);
  if (hours < 48) return `${hours}h`;
  const [size, unit] =
    ms < 60 * DAY_MS
      ? ([DAY_MS, 'day'] as const)
      : ms < 2 * YEAR_MS
        ? ([YEAR_MS / 12, 'month'] as const)
        : ([YEAR_MS, 'year'] as const);
  return count(Math.floor(ms / size), unit).replaceAll(' ', NBSP);
}

/** `640 B`, `12.3 KiB`, `4.0 GiB`. */
export function bytes(value: number): string {
  if (value < 1024) return `${value}${NBSP}B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let scaled = value / 1024;
  let at = 0;
  while (scaled >= 1024 && at < units.length - 1) {
    scaled /= 1024;
    at += 1;
  }
  return `${scaled.toFixed(scaled < 100 ? 1 : 0)}${NBSP}${units[at]}`;
}

/** `34 %`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)}${NBSP}%`;
}

/** `2024-03-09`, the day of a moment as the reader's calendar has it, or a dash. */
export function day(iso: string | null | undefined): string {
  if (!iso) return '–';
  const at = new Date(iso);
  const parts = [at.getFullYear(), at.getMonth() + 1, at.getDate()];
  return parts.map((part, place) => String(part).padStart(place === 0 ? 4 : 2, '0')).join('-');
}

/** What a place on the schedule is about, less what every address begins with. */
export function shortUrl(url: string): string {
  return url.replace(/^https?:\/\//, '');
}

/** A moment as the reader's clock has it, with its zone. @param at ISO 8601, or milliseconds since the epoch */
export function moment(at: string | number): string {
  return new Date(at).toLocaleString([], { dateStyle: 'medium', timeStyle: 'long' });
}

/** `10:32`, and the day where it is not today's. */
export function clockTime(at: string | number, nowMs: number): string {
  const then = new Date(at);
  const isToday = then.toDateString() === new Date(nowMs).toDateString();
  const time = then.toLocaleTimeString([], { timeStyle: 'short' });
  return isToday ? time : `${then.toLocaleDateString([], { month: 'short', day: 'numeric' })}, ${time}`;
}
