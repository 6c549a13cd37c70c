/** What people are alerted of, as a pure function of how the station is. */
import { formatBytes, formatCount, formatDuration } from '../../base/units.ts';
import type { Config } from '../../config/schema.ts';
import type { HoldStatus } from '../../deliver/queue/hold-status.ts';
import type { CollectorStatus } from '../../gather/capture/collectors/status.ts';
import type { Alert } from '../../keep/local/alerts.ts';
import type { FileTrouble } from '../../keep/local/journal.ts';
import type { StationDisk } from '../status/disks.ts';

/** How the station is just now. */
export interface AlertFacts {
  readonly holds: readonly HoldStatus[];
  /** Failed files that nobody has dropped, by cause; others may be among them. */
  readonly troubles: readonly FileTrouble[];
  readonly oldestWaitingAtMs: number | null;
  readonly disks: readonly StationDisk[];
  readonly minFreeDiskBytes: number;
  readonly collectors: readonly CollectorStatus[];
  /** Changesets that wait for a first review for longer than `reviewAfterMs`; none where nobody wants to know. */
  readonly waitingForReview: number;
}

export type AlertPolicy = Pick<Config['notify'], 'heldAfterMs' | 'waitingAfterMs' | 'reviewAfterMs'>;

/** Causes named in a message. */
const CAUSES_NAMED = 3;

/** Every condition that lasts now. What comes and goes within the times of the policy is none. */
export function alertsOf(facts: AlertFacts, policy: AlertPolicy, nowMs: number): Alert[] {
  return [
    ...heldPlaces(facts, policy, nowMs),
    ...failedFiles(facts),
    ...oldestWaiting(facts, policy, nowMs),
    ...disks(facts),
    ...collectors(facts, policy, nowMs),
    ...reviews(facts, policy),
  ];
}

function heldPlaces({ holds }: AlertFacts, { heldAfterMs }: AlertPolicy, nowMs: number): Alert[] {
  return holds
    .filter(({ sinceMs, files }) => files > 0 && (sinceMs === null || nowMs - sinceMs >= heldAfterMs))
    .map(({ kind, place, message, hint }) => ({
      key: `place ${kind} ${place}`,
      message: `files wait for the ${kind} ${place}: ${message}`,
      hint,
    }));
}

function failedFiles({ troubles }: AlertFacts): Alert[] {
  const failed = troubles.filter(({ state }) => state === 'failed');
  if (failed.length === 0) return [];
  const files = failed.reduce((sum, { count }) => sum + count, 0);
  const causes = failed
    .toSorted((a, b) => b.count - a.count)
    .slice(0, CAUSES_NAMED)
    .map(({ errorCode, count }) => `${errorCode} (${count.toLocaleString('en')})`);
  return [
    {
      key: 'failed',
      message: `${formatCount(files, 'file')} could not be delivered: ${causes.join(', ')}`,
      hint: '"sluice failed ls" says why, with what to do about each cause.',
    },
  ];
}

function oldestWaiting(
  { oldestWaitingAtMs }: AlertFacts,
  { waitingAfterMs }: AlertPolicy,
  nowMs: number,
): Alert[] {
  if (oldestWaitingAtMs === null || nowMs - oldestWaitingAtMs < waitingAfterMs) return [];
  return [
    {
      key: 'waiting',
      message: `a file has been on its way for ${formatDuration(nowMs - oldestWaitingAtMs)}`,
      hint: '"sluice status" says for what it waits.',
    },
  ];
}

function disks({ disks: all, minFreeDiskBytes }: AlertFacts): Alert[] {
  return all
    .filter(({ freeBytes }) => freeBytes < minFreeDiskBytes)
    .map(({ path, holds, freeBytes }) => ({
      key: `disk ${path}`,
      message: `${formatBytes(freeBytes)} free at ${path} (${holds.join(', ')})`,
      hint: 'Make room; "sluice disk plan" says what gives way by itself.',
    }));
}

/** One that brings nothing for as long as a place may be held. */
function collectors({ collectors: all }: AlertFacts, { heldAfterMs }: AlertPolicy, nowMs: number): Alert[] {
  return all.flatMap(({ name, disabled, lastError, lastReadingAtMs, writeError }) => {
    if (disabled) return [];
    const hint = '"sluice capture ls" has each collector with its last error.';
    if (writeError !== null)
      return [
        {
          key: `collector ${name}`,
          message: `readings of ${name} are not written: ${writeError.message}`,
          hint,
        },
      ];
    const isFailing = lastError !== null && lastError.atMs >= (lastReadingAtMs ?? 0);
    if (!isFailing || nowMs - (lastReadingAtMs ?? 0) < heldAfterMs) return [];
    return [{ key: `collector ${name}`, message: `${name} brings no readings: ${lastError.message}`, hint }];
  });
}

function reviews({ waitingForReview }: AlertFacts, { reviewAfterMs }: AlertPolicy): Alert[] {
  if (reviewAfterMs === undefined || waitingForReview === 0) return [];
  return [
    {
      key: 'review',
      message: `${formatCount(waitingForReview, 'changeset')} wait for a first review for more than ${formatDuration(reviewAfterMs)}`,
      hint: 'The page of changesets lists them.',
    },
  ];
}
