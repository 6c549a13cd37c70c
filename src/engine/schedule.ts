/**
 * When something that is followed at a host (a changeset, a repository) is synced next, as a pure rule.
 *
 * Two schedules hold future times. What is due in gathering, and what notifications are to be sent, stands in
 * `targets`, the table of the work queue (queue/), which processes share and workers.ts works off: this rule says when
 * next after a success, retry.ts after a failure. What is due in delivery stands in `file_records.next_attempt_at_ms`,
 * beside the state of each file (keep/local/journal.ts): files are many, are this machine's own, are due as soon as
 * they come and have no rhythm, so delivery uses retry.ts alone.
 */

export interface SyncTimes {
  /** Now; only what has never been synced needs it. */
  readonly nowMs: number;
  /** Start of the last successful sync; null when there has been none. */
  readonly lastSyncAtMs: number | null;
  /** The later of the host's `updated_at` and the latest event known; null when no change is known. */
  readonly lastChangeAtMs: number | null;
}

export interface SyncRhythm {
  /** A change newer than the last sync is synced once it has been quiet for `minIntervalMs`. */
  readonly quiet: boolean;
  readonly minIntervalMs: number;
  readonly maxIntervalMs: number;
  /** Every interval times this when the budget of calls is short. Below 1 counts as 1. */
  readonly stretch?: number;
  /** `linear`, which is `nextSync` below, when absent. Only changesets go by `adaptive` (adaptive.ts). */
  readonly policy?: 'linear' | 'adaptive';
}

export interface NextSync {
  /** Milliseconds since the epoch; may lie in the past, which means at once. */
  readonly atMs: number;
  /** Why then, in words: "last change 3 h ago → every 3 h". */
  readonly reason: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Every 2 minutes at the most, every 8 hours at the least. */
export const DEFAULT_RHYTHM: SyncRhythm = {
  quiet: false,
  minIntervalMs: 2 * MINUTE_MS,
  maxIntervalMs: 8 * HOUR_MS,
};

/**
 * lastSync + clamp(lastSync − lastChange, min, max): what changed lately is synced often, what has been still for
 * long seldom. Never synced: now. No change known: the slowest rhythm. With `quiet`, a change newer
 * than the sync moves the next one to lastChange + min, so that a burst is followed by one sync.
 */
export function nextSync(times: SyncTimes, rhythm: SyncRhythm = DEFAULT_RHYTHM): NextSync {
  const { nowMs, lastSyncAtMs, lastChangeAtMs } = times;
  if (lastSyncAtMs === null) return { atMs: nowMs, reason: 'never synced' };
  const { minIntervalMs, maxIntervalMs } = rhythm;
  const stretch = Math.max(1, rhythm.stretch ?? 1);
  if (rhythm.quiet && lastChangeAtMs !== null && lastChangeAtMs > lastSyncAtMs) {
    const waitMs = Math.round(minIntervalMs * stretch);
    const reason = `changed after the last sync → once quiet for ${roughly(minIntervalMs)}`;
    return { atMs: lastChangeAtMs + waitMs, reason: reason + stretched(stretch) };
  }
  const stillMs = lastChangeAtMs === null ? Number.POSITIVE_INFINITY : lastSyncAtMs - lastChangeAtMs;
  const intervalMs = Math.min(Math.max(stillMs, minIntervalMs), maxIntervalMs);
  return {
    atMs: lastSyncAtMs + Math.round(intervalMs * stretch),
    reason: `${sinceChange(stillMs)} → every ${roughly(intervalMs)}${stretched(stretch)}`,
  };
}

/** How long before the last sync the last change was. */
function sinceChange(stillMs: number): string {
  if (stillMs === Number.POSITIVE_INFINITY) return 'no change known';
  if (stillMs < 0) return 'changed after the last sync';
  return `last change ${roughly(stillMs)} ago`;
}

function stretched(factor: number): string {
  return factor > 1 ? `, stretched ×${trimmed(factor)} by the rate limit` : '';
}

/** One unit, as people say it: `45 s`, `2 min`, `1.5 h`, `12 d`. */
function roughly(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.round(ms / 1000)} s`;
  if (ms < HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `${trimmed(ms / HOUR_MS)} h`;
  return `${trimmed(ms / DAY_MS)} d`;
}

function trimmed(value: number): string {
  return value >= 10 ? String(Math.round(value)) : value.toFixed(1).replace(/\.0$/, '');
}
