/** When something that is followed at a host (a changeset, a repository) is synced next (changesets.md, C3, S2, S6). */

export interface SyncTimes {
  /** Now; only what has never been synced needs it. */
  readonly nowMs: number;
  /** Start of the last successful sync; null when there has been none. */
  readonly lastSyncAtMs: number | null;
  /** The later of the host's `updated_at` and the latest event known; null when no change is known. */
  readonly lastChangeAtMs: number | null;
}

export interface SyncRhythm {
  /** S2: a change newer than the last sync is synced once it has been quiet for `minIntervalMs`. */
  readonly quiet: boolean;
  readonly minIntervalMs: number;
  readonly maxIntervalMs: number;
  /** S5: every interval times this when the budget of calls is short. Below 1 counts as 1. */
  readonly stretch?: number;
  /** S7: `linear` (C3) when absent. Only changesets go by `adaptive` (adaptive.ts). */
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

/** C3's rhythm: every 2 minutes at the most, every 8 hours at the least. */
export const DEFAULT_RHYTHM: SyncRhythm = {
  quiet: false,
  minIntervalMs: 2 * MINUTE_MS,
  maxIntervalMs: 8 * HOUR_MS,
};

/**
 * C3: lastSync + clamp(lastSync − lastChange, min, max): what changed lately is looked at often, what has been
 * still for long seldom. Never synced: now. No change known: the slowest rhythm. S2 `quiet`: a change newer
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
