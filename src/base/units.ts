/**
 * Durations and sizes as people write them: `6s`, `2m`, `8h`, `256KiB`. Inside the program they are plain
 * numbers of milliseconds and bytes, and their names say so (`timeoutMs`, `maxBytes`).
 */

const DURATION_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

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

/**
 * Reads `1h30m`, `500ms`, `0.5s`, `2 m`. A bare number has no unit and is refused, since nobody can tell
 * whether it meant seconds or minutes; `0` alone is the exception.
 * @returns milliseconds, or undefined when the text is not a duration
 */
export function parseDurationMs(text: string): number | undefined {
  const compact = text.trim().toLowerCase().replaceAll(' ', '');
  if (compact === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(compact)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    totalMs += Number(amount) * (DURATION_MS[unit ?? ''] ?? Number.NaN);
  }
  return Number.isFinite(totalMs) ? totalMs : undefined;
}

/**
 * Reads `256KiB`, `5 GB`, `1.5GiB`, `0`; decimal (kB, MB) and binary (KiB, MiB) units are told apart.
 * @returns whole bytes, or undefined when the text is not a size
 */
export function parseBytes(text: string): number | undefined {
  const compact = text.trim().toLowerCase().replaceAll(' ', '');
  if (compact === '0') return 0;
  const match = /^(\d+(?:\.\d+)?)([kmgt]?i?b)$/.exec(compact);
  if (!match) return undefined;
  const unitBytes = SIZE_BYTES[match[2] ?? ''];
  if (unitBytes === undefined) return undefined;
  const bytes = Math.round(Number(match[1]) * unitBytes);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** `840ms`, `3.2s`, `4m 10s`, `3h 5m`, `2d 4h`: two units at the most. */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms < 1000) return `${Math.round(ms)}ms`;
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

/** `0 B`, `1.5 KiB`, `37 MiB`: binary units, three digits at the most. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let step = 0;
  while (Math.abs(value) >= 1024 && step < units.length - 1) {
    value /= 1024;
    step += 1;
  }
  const digits = step === 0 || Math.abs(value) >= 100 ? 0 : 1;
  return `${trimZero(value.toFixed(digits))} ${units[step]}`;
}

function trimZero(text: string): string {
  return text.replace(/\.0$/, '');
}
