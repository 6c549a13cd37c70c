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
  /** How many fit, on all pages. */
  count(filter?: Pick<RepositoryFilter, 'text' | 'choice'>): Promise<number>;
  /** Of all of them together; it costs a hundredth of listing them. */
  figures(): Promise<RepositoryFigures>;
  /**
   * Changes the fields given and no others.
   * @param claim the token of the claim that it is made under: where that is lost, nothing changes (`lease_lost`)
   */
  update(id: number, change: RepositoryChange, claim?: number): Promise<void>;
  /**
   * Takes a repository out with all its history, in pieces that hold up no other writer for long. Cut off, it is there
   * with a part of its history, which the next bake reads again; then it may be called again. One that is not there is
   * no error.
   */
  forget(id: number): Promise<void>;
}

export interface RepositoryFigures {
  readonly known: number;
  readonly tracked: number;
  /** As the choice `failing` has them. */
  readonly failing: number;
  readonly commits: number;
}

/** What becomes known of a repository apart from its history. */
export interface RepositoryChange {
  readonly state?: RepositoryState;
  readonly headRef?: string | null;
  readonly objectFormat?: 'sha1' | 'sha256';
  readonly shallow?: boolean;
  readonly lastError?: string | null;
  readonly lastBakedAtMs?: number;
  readonly lastNewsAtMs?: number | undefined;
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
  /** Latest commit, most commits or largest size first, and equal ones by URL; by URL unless given. */
  readonly order?: RepositoryOrder | undefined;
  /** By URL, what the order `size` goes by, which is not the store's; whatever is not in it has 0. */
  readonly sizes?: ReadonlyMap<string, number> | undefined;
  /** From the other end. */
  readonly reverse?: boolean | undefined;
  /** Goes on behind this place of the same order, in the same direction. */
  readonly after?: RepositoryListPlace | undefined;
  /** So many are left out first; its cost grows with them. */
  readonly offset?: number | undefined;
  /** At most so many; all by default. */
  readonly limit?: number;
}

/** Where a repository stands in a list: what the list is ordered by (seconds, commits, a size), and its URL. */
export interface RepositoryListPlace {
  readonly value: number;
  readonly url: string;
}

export const REPOSITORY_ORDERS = ['change', 'size', 'commits', 'url'] as const;
export type RepositoryOrder = (typeof REPOSITORY_ORDERS)[number];

/** The place of a repository in a list of that order. Pure. */
export function placeInList(
  { url, totals }: Pick<Repository, 'url' | 'totals'>,
  { order = 'url', sizes }: Pick<RepositoryFilter, 'order' | 'sizes'>,
): RepositoryListPlace {
  const values = {
    change: totals.lastCommitAt ?? 0,
    commits: totals.commits,
    size: sizes?.get(url) ?? 0,
    url: 0,
  };
  return { value: values[order], url };
}

export const REPOSITORY_CHOICES = ['tracked', 'untracked', 'failing'] as const;
export type RepositoryChoice = (typeof REPOSITORY_CHOICES)[number];
