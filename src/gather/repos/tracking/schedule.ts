import type { ScheduleEntry, ScheduleRequest, WorkQueue } from '../../../engine/queue/work-queue.ts';
import { nextSync, type SyncRhythm } from '../../../engine/schedule.ts';
import type { Repository } from '../../../keep/store/types.ts';

/** The kind under which repositories stand on the schedule. */
export const REPOSITORY_KIND = 'repository';
/** The kind under which owners stand on it: each is asked for its repositories on a rhythm. */
export const OWNER_KIND = 'owner';
const KEY_PREFIX = 'repository:';

/** So far ahead may the clock of whoever commits be, a wrong time zone included. */
const CLOCKS_APART_MS = 24 * 3_600_000;

/** The key of a repository on the schedule. */
export function repositoryKey(repository: { readonly url: string }): string {
  return KEY_PREFIX + repository.url;
}

/** What a key is about, for people. */
export function urlOfRepositoryKey(key: string): string {
  return key.startsWith(KEY_PREFIX) ? key.slice(KEY_PREFIX.length) : key;
}

/** Put on the schedule in one transaction, which stays short so. */
const PUT_AT_ONCE = 500;

/** Puts any number of entries on the schedule; interrupted, some of them. May be repeated. */
export async function putInBatches(
  entries: readonly ScheduleEntry[],
  queue: Pick<WorkQueue, 'putAll'>,
): Promise<void> {
  for (let from = 0; from < entries.length; from += PUT_AT_ONCE)
    await queue.putAll(entries.slice(from, from + PUT_AT_ONCE));
}

/** Where a repository belongs on the schedule when it is asked for: first in line. */
export function dueNow(repository: Repository, reason: string, nowMs: number): ScheduleRequest {
  return { kind: REPOSITORY_KIND, group: repository.host, runAtMs: nowMs, priority: 'high', reason };
}

/**
 * When a tracked repository is to be synced again, by the shared rule; the others not at all. The last change
 * is the last commit by its date, or the last time that a sync brought new ones, however old these are.
 */
export function nextRepositorySync(
  repository: Repository,
  nowMs: number,
  rhythm: SyncRhythm,
): { readonly nextAtMs: number | null; readonly reason: string } {
  if (!repository.tracked) return { nextAtMs: null, reason: 'not tracked' };
  const { lastBakedAtMs, lastNewsAtMs } = repository;
  const lastCommitAtMs = (repository.totals.lastCommitAt ?? 0) * 1000;
  // A date that is yet to come says nothing: it would be synced in the fastest rhythm until then.
  const changesMs = [lastCommitAtMs > nowMs + CLOCKS_APART_MS ? 0 : lastCommitAtMs, lastNewsAtMs ?? 0];
  const lastChangeAtMs = Math.max(...changesMs) || null;
  const { atMs, reason } = nextSync({ nowMs, lastSyncAtMs: lastBakedAtMs, lastChangeAtMs }, rhythm);
  return { nextAtMs: atMs, reason };
}
