import { CommitCounts } from '../../../store/commit-counts.ts';
import type { CommitRow } from '../../../store/types.ts';
import type { Database } from '../../database.ts';
import { rollUp, rollUpCounted } from './roll-ups.ts';
import {
  COUNT_COMMITS,
  DROP_DOUBLES,
  SET_UNSETTLED,
  SETTLE_COUNTS,
  SETTLE_HASHES,
  UNSETTLED,
} from './sql.ts';

/** So many commits are settled at once: more would keep other writers waiting longer, fewer would touch more pages. */
const SETTLED_AT_ONCE = 32_768;

/**
 * Commits of one repository that were stored without a check and wait to be settled: their hashes entered, their
 * authors counted, the roll-ups moved.
 *
 *   none ──add──▶ waiting, counted in memory ──settle──▶ none
 *                    │ another writer, or a transaction that failed
 *                    ▼
 *                 waiting, known to the database only ──settle, from the rows──▶ none
 *
 * Everything here runs within the caller's transaction; when one fails, `forget` must follow.
 */
export class UnsettledCommits {
  readonly #database: Database;
  readonly #repositoryId: number;
  readonly #counted = new CommitCounts(SETTLED_AT_ONCE);

  constructor(database: Database, repositoryId: number) {
    this.#database = database;
    this.#repositoryId = repositoryId;
  }

  /** Notes a commit that was stored just now; settles when many wait. Nobody else may have commits waiting. */
  add(commit: CommitRow, id: number | bigint, authorId: number): void {
    if (this.#counted.size === 0) this.#mark(id);
    this.#counted.add(commit, authorId);
    if (this.#counted.size === SETTLED_AT_ONCE) this.settle();
  }

  /** Whether any wait, of whichever writer. */
  any(): boolean {
    return this.#from() !== undefined;
  }

  /** Settles those that wait, if any do. */
  settle(): void {
    const from = this.#from();
    if (from !== undefined) {
      // Before doubles are dropped: the trigger takes them out of the roll-ups again.
      if (this.#counted.size > 0) this.#settleCounted();
      else this.#settleRows(from);
      this.#mark(null);
    }
    this.#counted.clear();
  }

  /** What was counted in memory is not what the database holds any more. */
  forget(): void {
    this.#counted.clear();
  }

  #settleCounted(): void {
    const waiting = this.#counted.size;
    const counted = this.#counted.take();
    rollUpCounted(this.#database, this.#repositoryId, counted);
    if (this.#enterHashes(waiting)) addCommitCounts(this.#database, counted.perAuthor);
    else this.#run(SETTLE_COUNTS);
  }

  #settleRows(from: number): void {
    rollUp(this.#database, this.#repositoryId, from);
    const row = this.#database.statement(`SELECT count(*) AS commits ${UNSETTLED}`).get(this.#repositoryId);
    this.#enterHashes(Number(row?.commits));
    this.#run(SETTLE_COUNTS);
  }

  /** @returns false when there were doubles, which are gone now: never, as long as git names each commit once */
  #enterHashes(waiting: number): boolean {
    const { changes } = this.#database.statement(SETTLE_HASHES).run(this.#repositoryId);
    if (Number(changes) === waiting) return true;
    this.#run(DROP_DOUBLES);
    return false;
  }

  #from(): number | undefined {
    const sql = 'SELECT unsettled_from AS id FROM repositories WHERE id = ?';
    const row = this.#database.read(() => this.#database.statement(sql).get(this.#repositoryId));
    return row?.id == null ? undefined : Number(row.id);
  }

  #mark(id: number | bigint | null): void {
    this.#database.statement(SET_UNSETTLED).run(this.#repositoryId, id);
  }

  #run(sql: string): void {
    this.#database.statement(sql).run(this.#repositoryId);
  }
}

/** Changes how many commits identities have; within a transaction. */
export function addCommitCounts(database: Database, perAuthor: ReadonlyMap<number, number>): void {
  const statement = database.statement(COUNT_COMMITS);
  for (const [author, change] of perAuthor) statement.run(change, author);
}
