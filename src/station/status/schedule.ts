import { cacheAnswer } from '../../base/answer-cache.ts';
import type { Clock } from '../../base/clock.ts';
import type { Priority, QueueCounts, QueueItem, WorkQueue } from '../../engine/queue/work-queue.ts';
import { CHANGESET_KIND } from '../../gather/changesets/schedule.ts';
import { CHURN_KIND, urlOfChurnKey } from '../../gather/repos/churn/schedule.ts';
import { REPOSITORY_KIND, urlOfRepositoryKey } from '../../gather/repos/tracking/schedule.ts';
import type { StoredChangeset } from '../../keep/store/changesets.ts';
import type { Store } from '../../keep/store/store.ts';

/** A place on the schedule as people are shown it. */
export interface ListedItem {
  readonly key: string;
  readonly kind: string;
  /** What it is about: the address of a repository or changeset, otherwise its key. */
  readonly target: string;
  /** Of a changeset. */
  readonly title: string | null;
  /** ISO 8601. */
  readonly dueAt: string;
  /** Why then, in words. */
  readonly reason: string;
  readonly priority: Priority;
  readonly running: boolean;
  /** Failures in a row. */
  readonly failures: number;
  readonly lastError: { readonly code: string; readonly message: string } | null;
}

/** What happens next: counts, what runs, and what comes, first in line first. */
export interface UpcomingWork {
  readonly counts: QueueCounts;
  readonly running: readonly ListedItem[];
  readonly next: readonly ListedItem[];
  /** How many fall due in each half hour from now on, for a day; what is due already counts in the first. */
  readonly halfHours: readonly number[];
  /** The same by kind, of those kinds that have some. */
  readonly halfHoursByKind: Readonly<Record<string, readonly number[]>>;
}

/** What people ask of the schedule. */
export interface ScheduleApi {
  /** Throws `database_*`. */
  upcoming(limit: number): Promise<UpcomingWork>;
}

const HALF_HOUR_MS = 1_800_000;
const HALF_HOURS = 48;

export function scheduleApi(
  stores: () => { readonly store: Store; readonly queue: WorkQueue },
  clock: Clock,
): ScheduleApi {
  const halfHoursAhead = cacheAnswer(
    () => stores().queue.countDue({ fromMs: clock.nowMs(), spanMs: HALF_HOUR_MS, count: HALF_HOURS }),
    clock,
  );
  return {
    async upcoming(limit) {
      const { store, queue } = stores();
      const [counts, running, next, ahead] = await Promise.all([
        queue.counts(),
        queue.running(limit),
        queue.upcoming(limit),
        halfHoursAhead(),
      ]);
      const changesets = await store.changesets.byKeys(
        [...running, ...next].filter(({ kind }) => kind === CHANGESET_KIND).map(({ key }) => key),
      );
      const listed = (item: QueueItem): ListedItem => listedItem(item, changesets.get(item.key));
      return {
        counts,
        running: running.map(listed),
        next: next.map(listed),
        halfHours: Array.from({ length: HALF_HOURS }, (_, span) =>
          ahead.values().reduce((sum, ofKind) => sum + (ofKind[span] ?? 0), 0),
        ),
        halfHoursByKind: Object.fromEntries(ahead),
      };
    },
  };
}

function listedItem(item: QueueItem, changeset: StoredChangeset | undefined): ListedItem {
  const { key, kind, runAtMs, reason, priority, failures, lastError, claimedBy } = item;
  return {
    key,
    kind,
    target: changeset?.url ?? targetOf(item),
    title: changeset?.title ?? null,
    dueAt: new Date(runAtMs).toISOString(),
    reason,
    priority,
    running: claimedBy !== null,
    failures,
    lastError: lastError && { code: lastError.code, message: lastError.message },
  };
}

function targetOf({ kind, key }: QueueItem): string {
  if (kind === REPOSITORY_KIND) return urlOfRepositoryKey(key);
  return kind === CHURN_KIND ? urlOfChurnKey(key) : key;
}
