import { isoOrNull, isoTime } from '../../base/units.ts';
import type { Priority, QueueItem } from '../../engine/queue/work-queue.ts';
import type {
  StoredChangeset,
  StoredChangesetState,
  StoredCheckState,
  StoredEvent,
  StoredReviewState,
} from '../../keep/store/changesets.ts';

/** Why a host's items wait, and until when; 0 where that is not known. */
export interface ListedHold {
  readonly why: string;
  readonly untilMs: number;
}

/** A changeset as the API and `sluice changesets ls --json` show it; times are ISO 8601. */
export interface ListedChangeset {
  readonly id: number;
  readonly url: string;
  readonly host: string;
  readonly repository: string;
  readonly number: number;
  readonly state: StoredChangesetState;
  readonly title: string;
  readonly author: string | null;
  readonly head: { readonly branch: string | null; readonly commit: string | null };
  readonly base: { readonly branch: string | null; readonly commit: string | null };
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
  readonly mergedAt: string | null;
  readonly closedAt: string | null;
  readonly additions: number | null;
  readonly deletions: number | null;
  readonly changedFiles: number | null;
  readonly labels: readonly string[];
  readonly reviewState: StoredReviewState;
  readonly checkState: StoredCheckState | null;
  readonly mergeable: boolean | null;
  readonly followed: boolean;
  readonly followedBy: string;
  readonly lastSyncAt: string | null;
  readonly latestEventAt: string | null;
  readonly lastError: { readonly code: string; readonly message: string; readonly hint: string } | null;
  /** What the last sync could not read of it, though the rest was; null: all was read. */
  readonly unseen:
    | readonly {
        readonly part: string;
        readonly code: string;
        readonly message: string;
        readonly hint: string;
      }[]
    | null;
  /** When it is synced next and why then; null when it is not followed. */
  readonly next: { readonly dueAt: string; readonly reason: string; readonly priority: Priority } | null;
}

export function listedChangeset(
  changeset: StoredChangeset,
  item: QueueItem | undefined,
  hold: ListedHold | undefined,
): ListedChangeset {
  const { lastError } = changeset;
  return {
    id: changeset.id,
    url: changeset.url,
    host: changeset.host,
    repository: changeset.repository,
    number: changeset.number,
    state: changeset.state,
    title: changeset.title,
    author: changeset.author,
    head: { branch: changeset.headBranch, commit: changeset.headCommit },
    base: { branch: changeset.baseBranch, commit: changeset.baseCommit },
    createdAt: isoOrNull(changeset.createdAtMs),
    updatedAt: isoOrNull(changeset.updatedAtMs),
    mergedAt: isoOrNull(changeset.mergedAtMs),
    closedAt: isoOrNull(changeset.closedAtMs),
    additions: changeset.additions,
    deletions: changeset.deletions,
    changedFiles: changeset.changedFiles,
    labels: changeset.labels,
    reviewState: changeset.reviewState,
    checkState: changeset.checkState,
    mergeable: changeset.mergeable,
    followed: changeset.followed,
    followedBy: changeset.followedBy,
    lastSyncAt: isoOrNull(changeset.lastSyncAtMs),
    latestEventAt: isoOrNull(changeset.latestEventAtMs),
    lastError: lastError && { code: lastError.code, message: lastError.message, hint: lastError.hint },
    unseen:
      changeset.unseen?.parts.map(({ part, error: { code, message, hint } }) => ({
        part,
        code,
        message,
        hint,
      })) ?? null,
    next: item ? nextOf(item, hold) : null,
  };
}

function nextOf(item: QueueItem, hold: ListedHold | undefined): NonNullable<ListedChangeset['next']> {
  const { priority } = item;
  if (item.claimedBy) return { dueAt: isoTime(item.runAtMs), reason: `running: ${item.reason}`, priority };
  if (hold) {
    const atMs = Math.max(item.runAtMs, hold.untilMs);
    return { dueAt: isoTime(atMs), reason: `${item.reason}; ${hold.why}`, priority };
  }
  return { dueAt: isoTime(item.runAtMs), reason: item.reason, priority };
}

/** What happened to a changeset as the API shows it. Pure. */
export function listedEvent(event: StoredEvent) {
  const { atMs, order: _order, ...rest } = event;
  return { ...rest, happenedAt: isoTime(atMs) };
}
