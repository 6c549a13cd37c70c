import type { ScheduleRequest } from '../../engine/queue/work-queue.ts';
import type { ChangesetRef } from '../forges/changeset.ts';
import type { PlannedSync } from './next-sync.ts';

/** How changesets and their sources stand on the schedule: kinds, keys, groups, and what is asked of it. */

export const CHANGESET_KIND = 'changeset';
export const SOURCE_KIND = 'changeset source';

const CHANGESET_PREFIX = 'changeset:';
const SOURCE_PREFIX = 'changesets of ';

/** Why a changeset stands on the schedule that somebody asked for: it goes at once, however lately it was synced. */
export const BY_HAND = 'asked for by hand';
/** Why one does of which a webhook told. */
export const BY_WEBHOOK = 'webhook';

/** Why a source stands on the schedule. */
export const LISTING_REASON = 'look for newly opened changesets';

/** The key of a changeset; hosts tell names apart without regard to case. */
export function changesetKey({ host, repository, number }: ChangesetRef): string {
  return `${CHANGESET_PREFIX}${host}/${repository.toLowerCase()}#${number}`;
}

/** The key of a source. */
export function keyOfSource(name: string): string {
  return SOURCE_PREFIX + name;
}

/** The source that a key means. */
export function sourceOfKey(key: string): string {
  return key.slice(SOURCE_PREFIX.length);
}

/** What the limits of calls at once count by: apart from git, which has limits of its own. */
export function groupOf(host: string): string {
  return `${host} API`;
}

/** The host of a group. */
export function hostOfGroup(group: string): string {
  return group.replace(/ API$/, '');
}

/** A sync first in line, at once or from a time on. */
export function firstInLine(host: string, reason: string, runAtMs: number): ScheduleRequest {
  return { kind: CHANGESET_KIND, group: groupOf(host), runAtMs, priority: 'high', reason };
}

/** A sync among the others, at the time that a plan says. */
export function atPlannedTime(host: string, plan: PlannedSync, nowMs: number): ScheduleRequest {
  return { kind: CHANGESET_KIND, group: groupOf(host), runAtMs: plan.nextAtMs ?? nowMs, reason: plan.reason };
}
