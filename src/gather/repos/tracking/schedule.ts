import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SluiceError } from '../../../base/errors.ts';
import type { ScheduleRequest } from '../../../engine/queue/work-queue.ts';
import { nextSync, type SyncRhythm } from '../../../engine/schedule.ts';
import type { Repository } from '../../../keep/store/types.ts';
import { parseRepositoryUrl, type RepositoryUrl } from '../address/url.ts';

/** The kind under which repositories stand on the schedule. */
export const REPOSITORY_KIND = 'repository';
const KEY_PREFIX = 'repository:';

/** So far ahead may the clock of whoever commits be, a wrong time zone included. */
const CLOCKS_APART_MS = 24 * 3_600_000;

/** The key of a repository on the schedule. */
export function keyOf(repository: { readonly url: string }): string {
  return KEY_PREFIX + repository.url;
}

/** What a key is about, for people. */
export function urlOfKey(key: string): string {
  return key.startsWith(KEY_PREFIX) ? key.slice(KEY_PREFIX.length) : key;
}

/** Where a repository belongs on the schedule when it is asked for: first in line (S11, C6). */
export function atOnce(repository: Repository, reason: string, nowMs: number): ScheduleRequest {
  return { kind: REPOSITORY_KIND, group: repository.host, runAtMs: nowMs, priority: 'high', reason };
}

/**
 * When a tracked repository is to be fetched again, by the shared rule (S11, C3); the others not at all. The last change
 * is the last commit by its date, or the last time that a visit found new ones, however old these are.
 */
export function nextFetch(
  repository: Repository,
  nowMs: number,
  rhythm: SyncRhythm,
): { readonly nextAtMs: number | null; readonly reason: string } {
  if (!repository.tracked) return { nextAtMs: null, reason: 'not tracked' };
  const { lastBakedAtMs, lastNewsAtMs } = repository;
  const lastCommitAtMs = (repository.totals.lastCommitAt ?? 0) * 1000;
  // A date that is yet to come says nothing (S9): it would be looked at in the fastest rhythm until then.
  const known = [lastCommitAtMs > nowMs + CLOCKS_APART_MS ? 0 : lastCommitAtMs, lastNewsAtMs ?? 0];
  const lastChangeAtMs = Math.max(...known) || null;
  const { atMs, reason } = nextSync({ nowMs, lastSyncAtMs: lastBakedAtMs, lastChangeAtMs }, rhythm);
  return { nextAtMs: atMs, reason };
}

/** A repository that is to be kept fresh: its URL in the one spelling, and the group for limits. */
export type TrackedRepository = Pick<RepositoryUrl, 'url' | 'host'>;

/**
 * The repository that a text of the configuration means. A path where no repository is (a disk that is not
 * mounted) is one all the same: its bakes fail and say so until it is there, and its rows are kept.
 * @param directory where relative paths start
 * @throws SluiceError `url_invalid`, `url_refused`, `url_has_credentials`
 */
export function trackedRepository(text: string, directory: string): TrackedRepository {
  try {
    return parseRepositoryUrl(text, { from: 'config', directory });
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'not_a_repository') throw error;
    const path = /^file:/i.test(text) ? fileURLToPath(text) : text;
    return { url: resolve(directory, path), host: 'local' };
  }
}
