import { formatBytes, formatDuration } from '../base/units.ts';

/** How far something is that takes a while. What is not known yet is left out. */
export interface Progress {
  readonly noun: string;
  readonly done: number;
  readonly total?: number | undefined;
  readonly bytes?: number | undefined;
  readonly totalBytes?: number | undefined;
  readonly elapsedMs: number;
}

/** What comes by the thousand is shown no more often: nobody reads faster, and words for each cost more than the rest. */
export const SHOWN_EVERY_MS = 50;
/** Before so long a rate says nothing, and nobody wants to know what is left. */
const RATE_AFTER_MS = 1000;

/** `1,240 of 5,000 files, 1.2 GiB of 4 GiB, 30%, 310/s, 12s left`. Pure. */
export function progressInWords({ noun, done, total, bytes, totalBytes, elapsedMs }: Progress): string {
  const parts = [`${of(done.toLocaleString('en'), total?.toLocaleString('en'))} ${noun}`];
  if (bytes !== undefined)
    parts.push(of(formatBytes(bytes), totalBytes === undefined ? undefined : formatBytes(totalBytes)));
  const byBytes = bytes !== undefined && totalBytes !== undefined && totalBytes > 0;
  const whole = byBytes ? totalBytes : total;
  const part = byBytes ? bytes : done;
  const share = whole === undefined || whole === 0 ? undefined : Math.min(1, part / whole);
  if (share !== undefined) parts.push(`${Math.floor(share * 100)}%`);
  if (elapsedMs < RATE_AFTER_MS) return parts.join(', ');
  const seconds = elapsedMs / 1000;
  if (done > 0) parts.push(`${perSecond(done / seconds)}/s`);
  if (bytes !== undefined && bytes > 0) parts.push(`${formatBytes(bytes / seconds)}/s`);
  if (share !== undefined && share > 0 && share < 1)
    parts.push(`${formatDuration((elapsedMs / share) * (1 - share))} left`);
  return parts.join(', ');
}

function of(done: string, total: string | undefined): string {
  return total === undefined ? done : `${done} of ${total}`;
}

function perSecond(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : Math.round(rate).toLocaleString('en');
}
