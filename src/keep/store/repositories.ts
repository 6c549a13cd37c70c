import type { RemoteCheck, Repository, RepositoryState } from './types.ts';

/**
 * Repositories, apart from their history. Methods may fail with `database_busy`, `database_invalid` or `disk_full`,
 * having changed nothing.
 */
export interface RepositoryStore {
  /** The repository of that normalised URL, made if it is not there. */
  ensure(url: string, host: string): Promise<Repository>;
  /**
   * The repositories of those normalised URLs, in that order; those that are not there are made, in one transaction.
   */
  ensureMany(addresses: readonly RepositoryPlace[]): Promise<Repository[]>;
  byUrl(url: string): Promise<Repository | undefined>;
  byId(id: number): Promise<Repository | undefined>;
  /** Those of the ids that are known, by id. */
  getMany(ids: readonly number[]): Promise<ReadonlyMap<number, Repository>>;
  /**
   * Those that a normalised URL may mean to its host: in whatever case (forges do not tell them apart), or moved there.
   */
  alike(url: string): Promise<Repository[]>;
  /** Those that fit, in pages; all of them by URL unless something else is said. */
  list(filter?: RepositoryFilter): Promise<Repository[]>;
  /** Changes the fields given and no others. */
  update(id: number, change: RepositoryChange): Promise<void>;
  /**
   * Takes a repository out with all its history, in pieces that hold up no other writer for long. Cut off, it is there
   * with a part of its history, which the next bake reads again; then it may be called again. One that is not there is
   * no error.
   */
  forget(id: number): Promise<void>;
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

/** A normalised URL, and the host that limits count by. */
export interface RepositoryPlace {
  readonly url: string;
  readonly host: string;
}

export interface RepositoryFilter {
  /** Somewhere in the URL, without regard to case (ASCII). */
  readonly text?: string | undefined;
  /** `failing`: every state but `ok` and `new`. */
  readonly choice?: RepositoryChoice | undefined;
  /** Latest commit or most commits first, and equal ones by URL; by URL unless given. */
  readonly order?: 'change' | 'commits' | 'url' | undefined;
  /** URLs that come before all others, in this order; what they are ordered by is not the store's. */
  readonly leading?: readonly string[] | undefined;
  /** Passes over so many; 0 by default. */
  readonly offset?: number;
  /** At most so many; all by default. */
  readonly limit?: number;
}

export const REPOSITORY_CHOICES = ['tracked', 'untracked', 'failing'] as const;
export type RepositoryChoice = (typeof REPOSITORY_CHOICES)[number];
