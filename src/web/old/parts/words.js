// @ts-check
// Figures and times in words.

/** `85,123` as the reader's language has it. @param {number} value */
export function number(value) {
  return value.toLocaleString();
}

/** `1 file`, `2,000 files`. @param {number} value @param {string} one @param {string} [several] */
export function count(value, one, several = `${one}s`) {
  return `${number(value)} ${value === 1 ? one : several}`;
}

/** `840ms`, `3.2s`, `4m`, `3h 5m`, `12d 4h`. @param {number} ms */
export function span(ms) {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}h ${minutes % 60}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** `640 B`, `12.3 KiB`, `4.0 GiB`. @param {number} value */
export function bytes(value) {
  if (value < 1024) return `${value} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let scaled = value / 1024;
  let at = 0;
  while (scaled >= 1024 && at < units.length - 1) {
    scaled /= 1024;
    at += 1;
  }
  return `${scaled.toFixed(scaled < 100 ? 1 : 0)} ${units[at]}`;
}

/** `34 %`. @param {number} share */
export function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/** `2024-03-09`, or a dash. @param {string | null | undefined} iso */
export function day(iso) {
  return iso?.slice(0, 10) ?? '–';
}

/** What a place on the schedule is about, less what every address begins with. @param {string} url */
export function shortUrl(url) {
  return url.replace(/^https?:\/\//, '');
}
