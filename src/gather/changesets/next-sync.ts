import { adaptiveSync } from '../../engine/adaptive.ts';
import { nextSync, type SyncRhythm } from '../../engine/schedule.ts';
import { loadOf, type StoredChangeset } from '../../keep/store/changesets.ts';
import type { ChangesetContext } from './context.ts';

/**
 * When a changeset is synced next, and why. The time stands on the schedule under its key (schedule.ts), and nowhere
 * else. It comes from:
 *
 *   followed by hand, or asked for by hand   at once, first in line                     following/follow.ts, service.ts
 *   a listing shows one that is new          at once, among the others                  following/follow-listed.ts
 *   a listing shows a change                 the plan below, as of that change          following/follow-listed.ts
 *   a webhook                                first in line, as soon as `soonestSyncMs`
 *                                            says; with `quiet`, or for an old event,
 *                                            the plan as of its event               webhooks.ts
 *   a sync                                   the plan below                             sync/handler.ts
 *   a sync that passing trouble left partial  as after a failure, or the plan if sooner sync/unseen-parts.ts
 *   another rhythm, or stretch factor        the plan below, for all that it concerns   planner.ts
 *   a failure                                SYNC_RETRY (engine/retry.ts)               engine/queue/running-claim.ts
 *   its host on hold                         it keeps its place, and waits for the host hosts/host-health.ts
 *
 * What is no longer followed, and what was closed long ago, comes off the schedule. What nobody asked for by hand is not
 * synced sooner than the shortest interval after the last sync, whatever brought it forward: sync/handler.ts sees to it.
 *
 * Times that cannot be bend nothing. Where the last sync lies ahead of now, this machine's clock was set back since, and
 * all times of the changeset are taken to be ahead by as much; a change that still lies ahead says nothing.
 */

/** No code host is older: what seems to have been closed before was closed at a time that is not known. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);
/** This machine's clock is set back by so much now and then, to be right again. */
const TOLERANCE_MS = 60_000;
/** A time further ahead is no other clock's. */
const FAR_MS = 24 * 3_600_000;

/** What the plan depends on besides the changeset. */
export interface Planning {
  readonly nowMs: number;
  readonly rhythm: SyncRhythm;
  readonly forgetClosedAfterMs: number;
}

/** As the configuration and the budget of the changeset's host have it now. */
export function planningOf(
  host: string,
  nowMs: number,
  { rhythm, forgetClosedAfterMs }: Pick<ChangesetContext, 'rhythm' | 'forgetClosedAfterMs'>,
): Planning {
  return { nowMs, rhythm: rhythm(host), forgetClosedAfterMs: forgetClosedAfterMs() };
}

/** When a changeset is next; null: never again. */
export interface PlannedSync {
  readonly nextAtMs: number | null;
  readonly reason: string;
  /** See `loadOf`; of the rhythm before it is stretched. */
  readonly load: number;
}

/** Of a changeset, what its next sync depends on. */
export type SyncHistory = Pick<
  StoredChangeset,
  | 'state'
  | 'lastSyncAtMs'
  | 'lastChangeAtMs'
  | 'latestEventAtMs'
  | 'closedAtMs'
  | 'vanishedAtMs'
  | 'followed'
  | 'followedBy'
>;

/**
 * The plan: open ones by the policy of the rhythm; closed, merged and deleted ones at the slowest rhythm until they are
 * forgotten, save that an event newer than the last sync brings them forward.
 */
export function planNextSync(recorded: SyncHistory, planning: Planning): PlannedSync {
  if (!recorded.followed) return { nextAtMs: null, reason: 'not followed', load: 0 };
  const { nowMs, rhythm } = planning;
  const changeset = asOf(recorded, nowMs);
  const policy = rhythm.policy === 'adaptive' ? adaptiveSync : nextSync;
  const { lastSyncAtMs, state } = changeset;
  const lastChangeAtMs = latest(changeset.lastChangeAtMs, changeset.latestEventAtMs);
  const over = state === 'closed' || state === 'merged' || state === 'deleted';
  const hasNews = lastSyncAtMs !== null && lastChangeAtMs !== null && lastChangeAtMs > lastSyncAtMs;
  if (over && lastSyncAtMs !== null && !hasNews) return planClosed(changeset, planning, lastSyncAtMs);
  const { atMs, reason } = policy({ nowMs, lastSyncAtMs, lastChangeAtMs }, rhythm);
  return { nextAtMs: atMs, reason, load: loadOf(intervalOf(lastSyncAtMs, lastChangeAtMs, rhythm)) };
}

/**
 * The soonest time of a sync that nobody asks for by hand: the shortest interval after the last one, or after the last
 * try, which may have failed. Now, where that is past, or seems yet to come.
 */
export function soonestSyncMs(
  { lastSyncAtMs, lastFailureAtMs }: Pick<StoredChangeset, 'lastSyncAtMs' | 'lastFailureAtMs'>,
  { nowMs, rhythm }: Pick<Planning, 'nowMs' | 'rhythm'>,
): number {
  const tries = [lastSyncAtMs, lastFailureAtMs].filter(atMs => atMs !== null && atMs <= nowMs);
  return Math.max(nowMs, ...tries.map(atMs => (atMs ?? 0) + rhythm.minIntervalMs));
}

/** The history without times that cannot be. */
function asOf(history: SyncHistory, nowMs: number): SyncHistory {
  const { lastSyncAtMs, closedAtMs, lastChangeAtMs, latestEventAtMs, vanishedAtMs } = history;
  const aheadMs = Math.max(0, (lastSyncAtMs ?? 0) - nowMs);
  const possible = (atMs: number | null): number | null => {
    if (atMs === null || atMs - aheadMs > nowMs + TOLERANCE_MS) return null;
    return atMs - aheadMs;
  };
  const over = (atMs: number | null): number | null =>
    atMs !== null && atMs < EARLIEST_MS ? null : possible(atMs);
  return {
    ...history,
    lastSyncAtMs: lastSyncAtMs === null ? null : lastSyncAtMs - aheadMs,
    lastChangeAtMs: possible(lastChangeAtMs),
    latestEventAtMs: possible(latestEventAtMs),
    closedAtMs: over(closedAtMs),
    vanishedAtMs: over(vanishedAtMs),
  };
}

function planClosed(changeset: SyncHistory, planning: Planning, lastSyncAtMs: number): PlannedSync {
  const { state, closedAtMs, vanishedAtMs, lastChangeAtMs } = changeset;
  const { rhythm, forgetClosedAfterMs, nowMs } = planning;
  const sinceMs = (state === 'deleted' ? vanishedAtMs : closedAtMs) ?? lastChangeAtMs ?? lastSyncAtMs;
  if (nowMs >= sinceMs + forgetClosedAfterMs) return { nextAtMs: null, reason: `${state} long ago`, load: 0 };
  if (rhythm.policy === 'adaptive') {
    const { atMs, reason } = adaptiveSync({ nowMs, lastSyncAtMs, lastChangeAtMs }, rhythm, true);
    return { nextAtMs: atMs, reason: reason.replace('over', state), load: loadOf(unstretched(rhythm, true)) };
  }
  const { maxIntervalMs, stretch = 1 } = rhythm;
  const { reason } = nextSync({ nowMs, lastSyncAtMs, lastChangeAtMs: null }, rhythm);
  return {
    nextAtMs: lastSyncAtMs + Math.round(maxIntervalMs * Math.max(1, stretch)),
    reason: reason.replace('no change known', state),
    load: loadOf(maxIntervalMs),
  };
}

function unstretched(rhythm: SyncRhythm, closed: boolean, lastSyncAtMs = 0, lastChangeAtMs = 0): number {
  const times = { nowMs: 0, lastSyncAtMs, lastChangeAtMs };
  return adaptiveSync(times, { ...rhythm, stretch: 1 }, closed).atMs - lastSyncAtMs;
}

/** The interval before any stretching. What was never synced counts at the fastest rhythm. */
function intervalOf(lastSyncAtMs: number | null, lastChangeAtMs: number | null, rhythm: SyncRhythm): number {
  const { minIntervalMs, maxIntervalMs } = rhythm;
  if (lastSyncAtMs === null) return minIntervalMs;
  if (rhythm.policy === 'adaptive') {
    return unstretched(rhythm, false, lastSyncAtMs, lastChangeAtMs ?? Number.MIN_SAFE_INTEGER / 2);
  }
  if (lastChangeAtMs === null) return maxIntervalMs;
  return Math.min(Math.max(lastSyncAtMs - lastChangeAtMs, minIntervalMs), maxIntervalMs);
}

export function latest(one: number | null, two: number | null): number | null {
  if (one === null) return two;
  return two === null ? one : Math.max(one, two);
}

/**
 * When a changeset last changed, on this machine's clock. A host whose clock is ahead may show a time that is still to
 * come: it counts as the moment at which it was first seen, so that it does not keep the changeset at the fastest
 * rhythm until that time has come.
 * @param updatedAtMs as the host says it now, on its clock
 * @param skewMs host's clock less this machine's
 */
export function changeTimeMs(
  known: Pick<StoredChangeset, 'updatedAtMs' | 'lastChangeAtMs'>,
  updatedAtMs: number,
  skewMs: number,
  nowMs: number,
): number {
  const { updatedAtMs: before, lastChangeAtMs } = known;
  if (before === updatedAtMs && lastChangeAtMs !== null && lastChangeAtMs <= nowMs) return lastChangeAtMs;
  return Math.min(updatedAtMs - skewMs, nowMs);
}

/**
 * A time of a host that can be: of no year before code hosts, and no more than a day ahead of this machine's clock.
 * @returns undefined for another
 */
export function possibleMs(atMs: number | undefined, nowMs: number): number | undefined {
  return atMs !== undefined && atMs >= EARLIEST_MS && atMs <= nowMs + FAR_MS ? atMs : undefined;
}

/**
 * When the latest of some events happened, on this machine's clock: never later than now. Null where none says it: one
 * of a day ahead or more has a time that cannot be (a commit may have any).
 * @param events of the host's clock, seen for the first time
 */
export function latestEventMs(
  events: readonly { readonly atMs: number }[],
  skewMs: number,
  nowMs: number,
): number | null {
  let latestMs: number | null = null;
  for (const { atMs } of events) {
    const ownMs = atMs - skewMs;
    if (ownMs <= nowMs + FAR_MS) latestMs = latest(latestMs, Math.min(ownMs, nowMs));
  }
  return latestMs;
}
