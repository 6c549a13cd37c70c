import { adaptiveSync } from '../../engine/adaptive.ts';
import type { ScheduleRequest } from '../../engine/queue/work-queue.ts';
import { nextSync, type SyncRhythm } from '../../engine/schedule.ts';
import { loadOf, type StoredChangeset } from '../../keep/store/changesets.ts';
import type { ChangesetRef } from '../forges/changeset.ts';

/** Kinds of work on the schedule. */
export const CHANGESET_KIND = 'changeset';
export const SOURCE_KIND = 'changeset source';

const CHANGESET_PREFIX = 'changeset:';
const SOURCE_PREFIX = 'changesets of ';

/** The key of a changeset on the schedule; hosts tell names apart without regard to case. */
export function keyOf({ host, repository, number }: ChangesetRef): string {
  return `${CHANGESET_PREFIX}${host}/${repository.toLowerCase()}#${number}`;
}

/** The key of a source on the schedule. */
export function keyOfSource(name: string): string {
  return SOURCE_PREFIX + name;
}

/** The source that a key means. */
export function sourceOfKey(key: string): string {
  return key.slice(SOURCE_PREFIX.length);
}

/** What the limits of calls count by: apart from git, which has limits of its own. */
export function groupOf(host: string): string {
  return `${host} API`;
}

/** The host of a group. */
export function hostOfGroup(group: string): string {
  return group.replace(/ API$/, '');
}

export interface Planning {
  readonly nowMs: number;
  readonly rhythm: SyncRhythm;
  readonly forgetClosedAfterMs: number;
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
 * C1 and C3: open ones by the policy; closed, merged and deleted ones at the slowest rhythm until they are
 * forgotten, save that an event newer than the last sync brings them forward.
 */
export function planSync(changeset: SyncHistory, planning: Planning): PlannedSync {
  if (!changeset.followed) return { nextAtMs: null, reason: 'not followed', load: 0 };
  const { nowMs, rhythm } = planning;
  const policy = rhythm.policy === 'adaptive' ? adaptiveSync : nextSync;
  const { lastSyncAtMs, state } = changeset;
  const lastChangeAtMs = latest(changeset.lastChangeAtMs, changeset.latestEventAtMs);
  const over = state === 'closed' || state === 'merged' || state === 'deleted';
  const hasNews = lastSyncAtMs !== null && lastChangeAtMs !== null && lastChangeAtMs > lastSyncAtMs;
  if (over && lastSyncAtMs !== null && !hasNews) return planOver(changeset, planning, lastSyncAtMs);
  const { atMs, reason } = policy({ nowMs, lastSyncAtMs, lastChangeAtMs }, rhythm);
  return { nextAtMs: atMs, reason, load: loadOf(intervalOf(lastSyncAtMs, lastChangeAtMs, rhythm)) };
}

function planOver(changeset: SyncHistory, planning: Planning, lastSyncAtMs: number): PlannedSync {
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

/** First in line, at once (C6, S10). */
export function atOnce(host: string, reason: string, nowMs: number): ScheduleRequest {
  return { kind: CHANGESET_KIND, group: groupOf(host), runAtMs: nowMs, priority: 'high', reason };
}

/** In its turn: at the time that the plan says. */
export function atPlannedTime(host: string, plan: PlannedSync, nowMs: number): ScheduleRequest {
  return { kind: CHANGESET_KIND, group: groupOf(host), runAtMs: plan.nextAtMs ?? nowMs, reason: plan.reason };
}
