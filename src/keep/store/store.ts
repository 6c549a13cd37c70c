import type { SluiceError } from '../../base/errors.ts';
import type { StoreChange } from './change.ts';
import type { ChangesetStore } from './changesets.ts';
import type { ChurnWriter } from './churn.ts';
import type { NotificationStore } from './notifications.ts';
import type { PeopleStore } from './people.ts';
import type { TrackingStore } from './tracking.ts';
import type {
  CommitRows,
  ObjectId,
  PendingWalk,
  PersonIdentity,
  RefSnapshot,
  RemoteCheck,
  Repository,
  RepositoryState,
  RepositoryTotals,
  Run,
} from './types.ts';

/** A value that both SQLite and Postgres take and give. */
export type SqlValue = null | number | string | Uint8Array;
export type SqlRow = Record<string, SqlValue>;

/**
 * The store: what is known about repositories and changesets. Every method may fail with `database_busy`, `database_invalid`
 * or `disk_full`; none leaves half a change behind. Reads see what was last committed.
 */
export interface Store {
  /** Closes it; further calls fail. May be repeated. */
  close(): Promise<void>;

  /** One query over the documented schema (docs/reference/schema.md). Only reads. */
  query(sql: string, params?: readonly SqlValue[]): Promise<SqlRow[]>;

  readonly repositories: RepositoryStore;
  readonly runs: RunStore;
  readonly tracking: TrackingStore;
  readonly notifications: NotificationStore;
  readonly people: PeopleStore;
  readonly changesets: ChangesetStore;

  /** Makes changes in their order, in one transaction: all of them or none. May be repeated. */
  apply(changes: readonly StoreChange[]): Promise<void>;

  /** Opens a repository's history for writing. At most one writer a repository at a time: the caller holds its claim. */
  history(repositoryId: number): HistoryWriter;

  /** Opens a repository's churn for writing, under the same claim. */
  churn(repositoryId: number): ChurnWriter;
}

export interface RepositoryStore {
  /** The repository of that normalised URL, made if it is not there. */
  ensure(url: string, host: string): Promise<Repository>;
  byUrl(url: string): Promise<Repository | undefined>;
  byId(id: number): Promise<Repository | undefined>;
  /** Those that a normalised URL may mean to its host: in whatever case (forges do not tell them apart), or moved there. */
  alike(url: string): Promise<Repository[]>;
  list(): Promise<Repository[]>;
  /** Changes the fields given and no others. */
  update(id: number, change: RepositoryChange): Promise<void>;
}

/** What becomes known of a repository apart from its history. */
export interface RepositoryChange {
  readonly state?: RepositoryState;
  readonly headRef?: string | null;
  readonly objectFormat?: 'sha1' | 'sha256';
  readonly shallow?: boolean;
  readonly lastError?: string | null;
  readonly lastBakedAtMs?: number;
  readonly lastNewsAtMs?: number;
  readonly remoteCheck?: RemoteCheck | null;
  readonly movedTo?: string | null;
  readonly movedSeenAtMs?: number | null;
}

export interface RunStore {
  /** A waiting run for the repository: the one already waiting, if there is one, else a new one. */
  request(repositoryId: number, reason: string, nowMs: number): Promise<Run>;
  /**
   * Marks the waiting run as running, or makes a running one if none waits. The caller holds the repository's
   * claim, so a run still marked as running was left by a dead process and becomes cancelled.
   */
  start(repositoryId: number, reason: string, nowMs: number): Promise<Run>;
  finish(
    id: number,
    end: { readonly summary: string } | { readonly error: SluiceError },
    nowMs: number,
  ): Promise<void>;
  byId(id: number): Promise<Run | undefined>;
  /** The run of a repository that has been asked for and not begun. */
  waiting(repositoryId: number): Promise<Run | undefined>;
  /** Newest first. */
  recent(limit: number): Promise<Run[]>;
}

/**
 * Writes one repository's commits. A bake goes: `begin` → `append`… → `remove`… → `finish`, and may stop
 * anywhere; the next one is told by `pending` where the last one got to (S8). No call makes a commit appear
 * twice, whatever is repeated. Each call is a transaction, and short: others can write in between.
 */
export interface HistoryWriter {
  /** The ref tips whose history is completely stored: the cursor (S7). Empty before the first bake. */
  cursor(): Promise<RefSnapshot>;
  /** The walk that was not finished, if any. */
  pending(): Promise<PendingWalk | undefined>;
  /** Notes that a walk to `tips` begins, nothing of it processed; forgets any other pending walk. */
  begin(tips: RefSnapshot): Promise<void>;
  /**
   * Stores commits and moves the pending walk forward by `walked`, in one transaction. Commits that are
   * stored already are passed over. Fastest with some hundreds of commits, and with the same object for the
   * same identity.
   * @param walked how many of the walk's commits these are: the next in its order, or 0 when they are no part of it
   * @returns how many were new
   */
  append(commits: CommitRows, walked: number): Promise<number>;
  /** Takes commits out that no ref reaches any more (force-push, deleted branch). @returns how many were there */
  remove(hashes: readonly ObjectId[]): Promise<number>;
  /** Hashes of the repository that are stored, in ascending order, for reconciling. */
  hashes(): AsyncIterable<ObjectId>;
  /** How many commits are stored. Does not get slower with their number. */
  count(): Promise<number>;
  /** Identities as written in the commits that have no mailmapped form for `mailmapHash` yet. */
  unmapped(mailmapHash: string): Promise<PersonIdentity[]>;
  /**
   * Records what the mailmap makes of each identity, and renews the totals.
   * @param mailmapHash names the mailmap's content; empty when there is none
   */
  map(
    mailmapHash: string,
    mapped: readonly { readonly from: PersonIdentity; readonly to: PersonIdentity }[],
  ): Promise<RepositoryTotals>;
  /** Makes the pending walk's tips, if there is one, the cursor, and renews the totals, in one transaction. */
  finish(nowMs: number): Promise<RepositoryTotals>;
}
