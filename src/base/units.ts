/**
 * Durations and sizes as people write them: `6s`, `2m`, `8h`, `256KiB`. Inside the program they are plain
 * numbers of milliseconds and bytes, and their names say so (`timeoutMs`, `maxBytes`).
 */

/** From long to short: reading and writing go through them in this order. */
const DURATION_MS: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

const SIZE_BYTES: Record<string, number> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

const DURATION =
  /^(?:([\d.]+)\s*d)?\s*(?:([\d.]+)\s*h)?\s*(?:([\d.]+)\s*m)?\s*(?:([\d.]+)\s*s)?\s*(?:([\d.]+)\s*ms)?$/;
const DECIMAL = /^\d+(\.\d+)?$/;

/**
 * Reads `1h30m`, `500ms`, `0.5s`, `2 m`; each unit once, the long ones first. A bare number has no unit and is
 * refused, since nobody can tell whether it meant seconds or minutes; `0` alone is the exception.
 * @returns whole milliseconds, or undefined when the text is not a duration
 */
export function parseDurationMs(text: string): number | undefined {
  const plain = text.trim().toLowerCase();
  if (plain === '0') return 0;
  // The pattern tries many ways to share out long runs of spaces; nobody writes a duration this long.
  const amounts = plain.length > 64 ? undefined : DURATION.exec(plain)?.slice(1);
  if (!amounts || plain === '') return undefined;
  let totalMs = 0;
  for (const [index, unitMs] of Object.values(DURATION_MS).entries()) {
    const amount = amounts[index];
    if (amount === undefined) continue;
    if (!DECIMAL.test(amount)) return undefined;
    totalMs += Number(amount) * unitMs;
  }
  const wholeMs = Math.round(totalMs);
  return Number.isSafeInteger(wholeMs) ? wholeMs : undefined;
}

/**
 * Reads `256KiB`, `5 GB`, `1.5GiB`, `0`; decimal (kB, MB) and binary (KiB, MiB) units are kept apart.
 * @returns whole bytes, or undefined when the text is not a size
 */
export function parseBytes(text: string): number | undefined {
  const plain = text.trim().toLowerCase();
  if (plain === '0') return 0;
  const match = /^(\d+(?:\.\d+)?)\s*((?:[kmgt]i?)?b)$/.exec(plain);
  const unitBytes = SIZE_BYTES[match?.[2] ?? ''];
  if (unitBytes === undefined) return undefined;
  const bytes = Math.round(Number(match?.[1]) * unitBytes);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/**
 * The duration as a configuration file has it, nothing rounded: `1m30s`, `8h`, `0`. Takes whole milliseconds from 0 on.
 */
export function writeDuration(ms: number): string {
  let restMs = ms;
  let text = '';
  for (const [unit, unitMs] of Object.entries(DURATION_MS)) {
    const amount = Math.floor(restMs / unitMs);
    if (amount > 0) text += `${amount}${unit}`;
    restMs -= amount * unitMs;
  }
  return text || '0';
}

/**
 * The size as a configuration file has it, nothing rounded: `5GiB`, `20GB`, `1500B`, `0`. Takes whole bytes from 0 on.
 */
export function writeBytes(bytes: number): string {
  if (bytes === 0) return '0';
  const names = ['TiB', 'GiB', 'MiB', 'KiB', 'TB', 'GB', 'MB', 'kB', 'B'];
  const amounts = names.map(name => [bytes / (SIZE_BYTES[name.toLowerCase()] ?? 1), name] as const);
  const [amount, name] = amounts
    .filter(([each]) => Number.isInteger(each))
    .reduce((shortest, each) => (each[0] < shortest[0] ? each : shortest), [bytes, 'B']);
  return `${amount}${name}`;
}

/** `840ms`, `3.2s`, `4m 10s`, `3h 5m`, `2d 4h`: two units at the most. */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${trimZero((ms / 1000).toFixed(1))}s`;
  const seconds = Math.round(ms / 1000);
  const pairs: [number, string, number, string][] = [
    [86_400, 'd', 3600, 'h'],
    [3600, 'h', 60, 'm'],
    [60, 'm', 1, 's'],
  ];
  for (const [large, largeUnit, small, smallUnit] of pairs) {
    if (seconds < large) continue;
    const rest = Math.floor((seconds % large) / small);
    return `${Math.floor(seconds / large)}${largeUnit}${rest > 0 ? ` ${rest}${smallUnit}` : ''}`;
  }
  return `${seconds}s`;
}

/** `0 B`, `1.5 KiB`, `37 MiB`: binary units, one place after the point below 100. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let step = 0;
  // From 1023.5 on the rounded text would read 1024.
  while (Math.abs(value) >= 1023.5 && step < units.length - 1) {
    value /= 1024;
    step += 1;
  }
  const digits = step === 0 || Math.abs(value) >= 100 ? 0 : 1;
  return `${trimZero(value.toFixed(digits))} ${units[step]}`;
}

function trimZero(text: string): string {
  return text.replace(/\.0$/, '');
}

/** A number with what is counted, for people: "1 clone", "2,000 clones". The plural is the noun with an s unless given. */
export function formatCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}

/** A time as the API has it: ISO 8601, UTC. Pure. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** As `isoTime`; null for null. Pure. */
export function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}
