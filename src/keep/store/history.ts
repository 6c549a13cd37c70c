import type {
  CommitRows,
  ObjectId,
  PendingWalk,
  PersonIdentity,
  RefSnapshot,
  RepositoryTotals,
} from './types.ts';

/**
 * Writes one repository's commits. A bake goes: `begin` → `append`… → `remove`… → `finish`, and may stop
 * anywhere; `pending` says to the next one where the last one got to. No call makes a commit appear
 * twice, whatever is repeated. Each call is a transaction, and short: others can write in between.
 * Throws `database_crashed` where the store has lost changes of earlier calls: `pending` says how far it really is.
 */
export interface HistoryWriter {
  /** As many commits are cheapest in one call of `append`, where so many are there. */
  readonly commitsAtOnce: number;
  /** The ref tips whose history is completely stored: the cursor. Empty before the first bake. */
  cursor(): Promise<RefSnapshot>;
  /** The walk that was not finished, if any. */
  pending(): Promise<PendingWalk | undefined>;
  /** Notes that a walk to `tips` begins, nothing of it processed; forgets any other pending walk. */
  begin(tips: RefSnapshot): Promise<void>;
  /**
   * Stores commits and moves the pending walk forward by `walked`, in one transaction. Commits that are
   * stored already are passed over. Fastest with the same object for the same identity.
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
  /** Keeps the repository's own mailmap, empty where it has none, for one of the station's that changes later. */
  keepMailmap(content: Uint8Array): Promise<void>;
  /**
   * Records what the mailmap makes of each identity, and renews the totals. Without a claim it may be called beside
   * another writer's walk.
   * @param mailmapHash names the mailmap's content; empty when there is none
   */
  map(
    mailmapHash: string,
    mapped: readonly { readonly from: PersonIdentity; readonly to: PersonIdentity }[],
  ): Promise<RepositoryTotals>;
  /** Makes the pending walk's tips, if there is one, the cursor, and renews the totals, in one transaction. */
  finish(nowMs: number): Promise<RepositoryTotals>;
}
