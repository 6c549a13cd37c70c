import type { Config } from '../../config/schema.ts';
import type { NewNotification, Notice } from '../../keep/store/notifications.ts';

/** How a sync failed: its error's words, and how many failed in a row, this one included. */
export interface SyncFailure {
  readonly message: string;
  readonly inARow: number;
}

/** What a sync of a tracked repository showed. Times are milliseconds since the Unix epoch. */
export interface RepositoryActivity {
  readonly nowMs: number;
  /** As the newest commit has it; null for an empty repository. Whatever its author wrote: 1970 and 2100, too. */
  readonly lastCommitAtMs: number | null;
  /** When commits last came that were not there before; null when none have since the first bake. */
  readonly lastNewsAtMs: number | null;
  /** Of the sync, when it failed. */
  readonly failure?: SyncFailure;
}

/** Without `staleAfterDays` no repository is reported as stale. */
type NotifyPolicy = Pick<Config['notify'], 'staleAfterDays' | 'afterFailures'>;

const DAY_MS = 86_400_000;

/**
 * Notifications that a sync gives cause to raise; `message` is a sentence less its subject. A notice is begun once and
 * ended once: stale by new commits, failing by a success. Failures say nothing about commits, so a repository that
 * cannot be reached is never reported as stale. A commit that was written long ago and came today is news today.
 * @param notices that the repository is under, and since when
 */
export function dueNotifications(
  activity: RepositoryActivity,
  notices: ReadonlyMap<Notice, number>,
  policy: NotifyPolicy,
): readonly Pick<NewNotification, 'event' | 'message'>[] {
  const { nowMs, lastNewsAtMs, failure } = activity;
  if (failure) {
    if (notices.has('failing') || failure.inARow < policy.afterFailures) return [];
    return [{ event: 'failing', message: `failed ${times(failure.inARow)}: ${failure.message}` }];
  }
  const due: Pick<NewNotification, 'event' | 'message'>[] = [];
  if (notices.has('failing')) due.push({ event: 'recovered', message: 'can be fetched again' });
  const staleSinceMs = notices.get('stale');
  if (staleSinceMs !== undefined) {
    if (lastNewsAtMs !== null && lastNewsAtMs > staleSinceMs) {
      due.push({ event: 'awake', message: 'has new commits again' });
    }
    return due;
  }
  const stillDays = (nowMs - (lastActiveAtMs(activity) ?? nowMs)) / DAY_MS;
  if (policy.staleAfterDays !== undefined && stillDays >= policy.staleAfterDays) {
    due.push({ event: 'stale', message: `has had no new commits for ${Math.floor(stillDays)} days` });
  }
  return due;
}

/** A commit of the future is no activity before it has come. */
function lastActiveAtMs({ nowMs, lastCommitAtMs, lastNewsAtMs }: RepositoryActivity): number | undefined {
  const known = [lastCommitAtMs, lastNewsAtMs]
    .filter(atMs => atMs !== null)
    .map(atMs => Math.min(atMs, nowMs));
  return known.length === 0 ? undefined : Math.max(...known);
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times in a row`;
}
