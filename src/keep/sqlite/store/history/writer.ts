import type { HistoryWriter } from '../../../store/history.ts';
import { PackedRefs } from '../../../store/packed-refs.ts';
import type {
  CommitRow,
  CommitRows,
  ObjectId,
  PendingWalk,
  PersonIdentity,
  RefSnapshot,
  RepositoryTotals,
} from '../../../store/types.ts';
import type { Database } from '../../database.ts';
import { writeUnder } from '../claim.ts';
import { rollUp } from './roll-ups.ts';
import {
  ADVANCE,
  DROP_COMMIT,
  DROP_HASH,
  FIND_HASH,
  FIND_IDENTITY,
  HASHES,
  INSERT_CO_AUTHOR,
  INSERT_COMMIT,
  INSERT_HASH,
  INSERT_IDENTITY,
  INSERT_MESSAGE,
  INSERT_PENDING,
  KEEP_MAILMAP,
  MAP_IDENTITY,
  PENDING_TO_CURSOR,
  SET_BAKED_AT,
  SET_MAILMAP,
  UNMAPPED,
} from './sql.ts';
import { renewTotals } from './totals.ts';
import { addCommitCounts, UnsettledCommits } from './unsettled.ts';

/** Identities whose row is kept at hand; the table starts afresh when it is full. */
const MAX_CACHED_IDENTITIES = 65_536;
/** Of any number of rows so many are read or changed at once. */
const ROWS_AT_ONCE = 1000;

/**
 * `HistoryWriter` on SQLite. Commits are found by hash through commit_hashes, and each identity's commits are
 * counted with every change, so that totals stay cheap.
 *
 * In a walk that began with nothing stored no commit can be there already. Such commits are stored without a
 * check and *settled* (hashes entered, authors counted) some thousands at once, which saves most of the work.
 * Which ones wait is kept in the database, so whoever comes after an interruption settles them first.
 */
export class SqliteHistoryWriter implements HistoryWriter {
  /** Others wait for the lock meanwhile. */
  readonly commitsAtOnce = 2048;
  readonly #database: Database;
  readonly #repositoryId: number;
  readonly #claim: number | undefined;
  /** By object: the reader gives the same object for the same identity. */
  readonly #identityIds = new Map<PersonIdentity, number>();
  /** A walk that began with nothing stored: its commits are new without looking. */
  #fresh = false;
  readonly #unsettled: UnsettledCommits;

  /** @param claim the token of the claim that it writes under, where there is a queue */
  constructor(database: Database, repositoryId: number, claim?: number) {
    this.#database = database;
    this.#repositoryId = repositoryId;
    this.#claim = claim;
    this.#unsettled = new UnsettledCommits(database, repositoryId);
  }

  async cursor(): Promise<RefSnapshot> {
    return this.#refs('refs');
  }

  async pending(): Promise<PendingWalk | undefined> {
    const [row] = this.#rows('SELECT pending_processed AS processed FROM repositories WHERE id = ?');
    if (typeof row?.processed !== 'number') return undefined;
    return { tips: this.#refs('pending_refs'), processed: row.processed };
  }

  async begin(tips: RefSnapshot): Promise<void> {
    const stored = await this.count();
    await this.#write(() => {
      this.#forgetPending();
      this.#run('UPDATE repositories SET pending_processed = 0 WHERE id = ?');
      const statement = this.#database.statement(INSERT_PENDING);
      for (const [name, tip] of tips) statement.run(this.#repositoryId, name, tip);
    });
    this.#fresh = stored === 0;
  }

  async append(commits: CommitRows, walked: number): Promise<number> {
    try {
      return await this.#write(() => {
        const isFresh = this.#fresh && walked === commits.length;
        const added = isFresh ? this.#insertFresh(commits) : this.#insertUnknown(commits);
        this.#database.statement(ADVANCE).run(walked, this.#repositoryId);
        return added;
      });
    } catch (error) {
      // Rows of identities may have gone with the transaction, and what waits is not known any more.
      this.#identityIds.clear();
      this.#unsettled.forget();
      this.#fresh = false;
      throw error;
    }
  }

  async remove(hashes: readonly ObjectId[]): Promise<number> {
    let removed = 0;
    for (let from = 0; from < hashes.length; from += ROWS_AT_ONCE) {
      const some = hashes.slice(from, from + ROWS_AT_ONCE);
      removed += await this.#write(() => this.#remove(some));
    }
    return removed;
  }

  async *hashes(): AsyncGenerator<ObjectId> {
    await this.#settled();
    for (let last = ''; ; ) {
      const rows = this.#rows(HASHES, last, ROWS_AT_ONCE);
      for (const row of rows) yield String(row.hash);
      if (rows.length < ROWS_AT_ONCE) return;
      last = String(rows.at(-1)?.hash);
    }
  }

  async count(): Promise<number> {
    await this.#settled();
    const sql = 'SELECT coalesce(sum(commits), 0) AS commits FROM identities WHERE repository_id = ?';
    return Number(this.#database.read(() => this.#database.statement(sql).get(this.#repositoryId))?.commits);
  }

  async unmapped(mailmapHash: string): Promise<PersonIdentity[]> {
    const rows = this.#rows(UNMAPPED, mailmapHash);
    return rows.map(row => ({ name: String(row.name), email: String(row.email) }));
  }

  async keepMailmap(content: Uint8Array): Promise<void> {
    await this.#write(() => this.#database.statement(KEEP_MAILMAP).run(this.#repositoryId, content));
  }

  async map(
    mailmapHash: string,
    mapped: readonly { readonly from: PersonIdentity; readonly to: PersonIdentity }[],
  ): Promise<RepositoryTotals> {
    for (let from = 0; from < mapped.length; from += ROWS_AT_ONCE) {
      await this.#write(() => {
        const statement = this.#database.statement(MAP_IDENTITY);
        for (const { from: as, to } of mapped.slice(from, from + ROWS_AT_ONCE)) {
          statement.run(to.name, to.email, mailmapHash, this.#repositoryId, as.name, as.email);
        }
      });
    }
    return this.#write(() => {
      this.#database.statement(SET_MAILMAP).run(mailmapHash, this.#repositoryId);
      return renewTotals(this.#database, this.#repositoryId, undefined);
    });
  }

  async finish(nowMs: number): Promise<RepositoryTotals> {
    return this.#write(() => {
      this.#unsettled.settle();
      const sql = 'SELECT pending_processed IS NOT NULL AS pending FROM repositories WHERE id = ?';
      if (this.#database.statement(sql).get(this.#repositoryId)?.pending === 1) {
        this.#run('DELETE FROM refs WHERE repository_id = ?');
        this.#run(PENDING_TO_CURSOR);
        this.#forgetPending();
      }
      this.#database.statement(SET_BAKED_AT).run(nowMs, this.#repositoryId);
      return renewTotals(this.#database, this.#repositoryId, nowMs);
    });
  }

  #refs(table: 'refs' | 'pending_refs'): RefSnapshot {
    const sql = `SELECT name, lower(hex(tip)) AS tip FROM ${table} WHERE repository_id = ? ORDER BY name`;
    return this.#database.read(() => {
      const rows = this.#database.statement(sql).iterate(this.#repositoryId);
      return PackedRefs.from(rows.map(row => [String(row.name), String(row.tip)] as const));
    });
  }

  #forgetPending(): void {
    this.#run('DELETE FROM pending_refs WHERE repository_id = ?');
    this.#run('UPDATE repositories SET pending_processed = NULL WHERE id = ?');
  }

  #insertFresh(commits: CommitRows): number {
    for (const commit of commits) {
      const author = this.#identityId(commit.author);
      this.#unsettled.add(commit, this.#insert(commit, author), author);
    }
    return commits.length;
  }

  #insertUnknown(commits: CommitRows): number {
    this.#unsettled.settle();
    const find = this.#database.statement(FIND_HASH);
    const insertHash = this.#database.statement(INSERT_HASH);
    const perAuthor = new Map<number, number>();
    let first: number | undefined;
    let added = 0;
    for (const commit of commits) {
      if (find.get(this.#repositoryId, commit.hash)) continue;
      const author = this.#identityId(commit.author);
      const id = this.#insert(commit, author);
      insertHash.run(this.#repositoryId, commit.hash, id);
      perAuthor.set(author, (perAuthor.get(author) ?? 0) + 1);
      first ??= Number(id);
      added += 1;
    }
    addCommitCounts(this.#database, perAuthor);
    if (first !== undefined) rollUp(this.#database, this.#repositoryId, first);
    return added;
  }

  #insert(commit: CommitRow, author: number): number | bigint {
    const { parents } = commit;
    // Hexadecimal goes in as text and is decoded by SQLite: a Buffer for each would cost more.
    const { lastInsertRowid } = this.#database
      .statement(INSERT_COMMIT)
      .run(
        this.#repositoryId,
        commit.hash,
        author,
        commit.authoredAt,
        commit.authoredZone,
        this.#identityId(commit.committer),
        commit.committedAt,
        commit.committedZone,
        parents.length,
        parents.length === 1 ? (parents[0] ?? '') : parents.join(''),
        commit.signed ? 1 : 0,
        commit.subject,
      );
    const { message, trailers = null } = commit;
    if (message !== undefined)
      this.#database.statement(INSERT_MESSAGE).run(lastInsertRowid, message, trailers);
    const coAuthors = this.#database.statement(INSERT_CO_AUTHOR);
    for (const coAuthor of commit.coAuthors) coAuthors.run(lastInsertRowid, this.#identityId(coAuthor));
    return lastInsertRowid;
  }

  /** Settles what waits, if anything does: then the counts and hashes are those of all commits. */
  async #settled(): Promise<void> {
    if (this.#unsettled.any()) await this.#write(() => this.#unsettled.settle());
  }

  #write<T>(change: () => T): Promise<T> {
    return writeUnder(this.#database, this.#claim, change);
  }

  #remove(hashes: readonly ObjectId[]): number {
    this.#unsettled.settle();
    const dropHash = this.#database.statement(DROP_HASH);
    const drop = this.#database.statement(DROP_COMMIT);
    const perAuthor = new Map<number, number>();
    let removed = 0;
    for (const hash of hashes) {
      const row = dropHash.get(this.#repositoryId, hash);
      if (!row) continue;
      const author = Number(drop.get(Number(row.id))?.author);
      perAuthor.set(author, (perAuthor.get(author) ?? 0) - 1);
      removed += 1;
    }
    addCommitCounts(this.#database, perAuthor);
    return removed;
  }

  #identityId(identity: PersonIdentity): number {
    const known = this.#identityIds.get(identity);
    if (known !== undefined) return known;
    const { name, email } = identity;
    const row = this.#database.statement(FIND_IDENTITY).get(this.#repositoryId, name, email);
    const id = row
      ? Number(row.id)
      : Number(
          this.#database.statement(INSERT_IDENTITY).run(this.#repositoryId, name, email).lastInsertRowid,
        );
    if (this.#identityIds.size >= MAX_CACHED_IDENTITIES) this.#identityIds.clear();
    this.#identityIds.set(identity, id);
    return id;
  }

  #rows(sql: string, ...params: readonly (string | number)[]): Record<string, unknown>[] {
    return this.#database.read(() => this.#database.statement(sql).all(this.#repositoryId, ...params));
  }

  #run(sql: string): void {
    this.#database.statement(sql).run(this.#repositoryId);
  }
}
