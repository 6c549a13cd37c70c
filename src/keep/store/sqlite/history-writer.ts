import type { HistoryWriter } from '../store.ts';
import type { CommitRow, Identity, ObjectId, PendingWalk, RefSnapshot, RepositoryTotals } from '../types.ts';
import type { Database } from './database.ts';

/** Identities whose row is kept at hand; the table starts afresh when it is full. */
const MAX_CACHED_IDENTITIES = 65_536;
/** So many commits are settled at once: more would keep other writers waiting longer, fewer would touch more pages. */
const SETTLED_AT_ONCE = 8192;
/** Rows read or changed at once where there may be any number. */
const ROWS_AT_ONCE = 1000;

const INSERT_COMMIT = `
  INSERT INTO commits (repository_id, hash, author_id, authored_at, authored_zone, committer_id, committed_at,
                       committed_zone, parent_count, parents, signed, subject)
  VALUES (?, unhex(?), ?, ?, ?, ?, ?, ?, ?, unhex(?), ?, ?)`;
const FIND_HASH = 'SELECT 1 FROM commit_hashes WHERE repository_id = ? AND hash = unhex(?)';
const INSERT_HASH = 'INSERT INTO commit_hashes (repository_id, hash, commit_id) VALUES (?, unhex(?), ?)';
// Other repositories may have written between: their commits in this range of ids are passed over.
const UNSETTLED = `
  FROM commits NOT INDEXED
  WHERE repository_id = ?1 AND id >= (SELECT unsettled_from FROM repositories WHERE id = ?1)`;
const SETTLE_HASHES = `
  INSERT INTO commit_hashes (repository_id, hash, commit_id)
  SELECT ?1, hash, id ${UNSETTLED} ORDER BY hash ON CONFLICT DO NOTHING`;
const DROP_DOUBLES = `
  DELETE ${UNSETTLED} AND id NOT IN (
    SELECT commit_id FROM commit_hashes WHERE repository_id = ?1 AND commit_hashes.hash = commits.hash)`;
const SETTLE_COUNTS = `
  UPDATE identities SET commits = identities.commits + counted.written
  FROM (SELECT author_id, count(*) AS written ${UNSETTLED} GROUP BY author_id) AS counted
  WHERE identities.id = counted.author_id`;
const SET_UNSETTLED = 'UPDATE repositories SET unsettled_from = ?2 WHERE id = ?1';
const DROP_HASH = `
  DELETE FROM commit_hashes WHERE repository_id = ? AND hash = unhex(?) RETURNING commit_id AS id`;
const DROP_COMMIT = 'DELETE FROM commits WHERE id = ? RETURNING author_id AS author';
const INSERT_CO_AUTHOR = 'INSERT OR IGNORE INTO co_authors (commit_id, identity_id) VALUES (?, ?)';
const FIND_IDENTITY = 'SELECT id FROM identities WHERE repository_id = ? AND name = ? AND email = ?';
const INSERT_IDENTITY = `
  INSERT INTO identities (repository_id, name, email, mapped_name, mapped_email) VALUES (?1, ?2, ?3, ?2, ?3)`;
const COUNT_COMMITS = 'UPDATE identities SET commits = commits + ? WHERE id = ?';
const ADVANCE = 'UPDATE repositories SET pending_processed = pending_processed + ? WHERE id = ?';
const TOTALS = `
  SELECT (SELECT coalesce(sum(commits), 0) FROM identities WHERE repository_id = ?1) AS commits,
         (SELECT count(*) FROM (SELECT DISTINCT mapped_name, mapped_email FROM identities
                                WHERE repository_id = ?1 AND commits > 0)) AS authors,
         (SELECT min(committed_at) FROM commits WHERE repository_id = ?1) AS first,
         (SELECT max(committed_at) FROM commits WHERE repository_id = ?1) AS last`;
const STORE_TOTALS = `
  UPDATE repositories SET commits = ?, authors = ?, first_commit_at = ?, last_commit_at = ? WHERE id = ?`;

/**
 * `HistoryWriter` on SQLite. Commits are found by hash through commit_hashes, and each identity's commits are
 * counted with every change, so that totals stay cheap.
 *
 * In a walk that began with nothing stored no commit can be there already. Such commits are stored without a
 * look and *settled* (hashes entered, authors counted) some thousands at once, which saves most of the work.
 * Which ones wait is kept in the database, so whoever comes after an interruption settles them first.
 */
export class SqliteHistoryWriter implements HistoryWriter {
  readonly #database: Database;
  readonly #repositoryId: number;
  /** By object: the reader gives the same object for the same identity. */
  readonly #identityIds = new Map<Identity, number>();

  /** A walk that began with nothing stored: its commits are new without looking. */
  #fresh = false;
  /** Commits of the fresh walk that are not settled yet. */
  #unsettled = 0;

  constructor(database: Database, repositoryId: number) {
    this.#database = database;
    this.#repositoryId = repositoryId;
  }

  async cursor(): Promise<RefSnapshot> {
    return this.#refs('refs');
  }

  async pending(): Promise<PendingWalk | undefined> {
    const sql = 'SELECT pending_processed AS processed FROM repositories WHERE id = ?';
    const row = this.#database.read(() => this.#database.statement(sql).get(this.#repositoryId));
    if (typeof row?.processed !== 'number') return undefined;
    return { tips: this.#refs('pending_refs'), processed: row.processed };
  }

  async begin(tips: RefSnapshot): Promise<void> {
    const insert = 'INSERT INTO pending_refs (repository_id, name, tip) VALUES (?, ?, unhex(?))';
    const stored = await this.count();
    await this.#database.write(() => {
      this.#forgetPending();
      this.#run('UPDATE repositories SET pending_processed = 0 WHERE id = ?');
      const statement = this.#database.statement(insert);
      for (const [name, tip] of tips) statement.run(this.#repositoryId, name, tip);
    });
    this.#fresh = stored === 0;
  }

  async append(commits: readonly CommitRow[], walked: number): Promise<number> {
    try {
      return await this.#database.write(() => {
        const added =
          this.#fresh && walked === commits.length
            ? this.#insertFresh(commits)
            : this.#insertUnknown(commits);
        this.#database.statement(ADVANCE).run(walked, this.#repositoryId);
        return added;
      });
    } catch (error) {
      // Rows of identities may have gone with the transaction, and what waits is not known any more.
      this.#identityIds.clear();
      this.#fresh = false;
      throw error;
    }
  }

  async remove(hashes: readonly ObjectId[]): Promise<number> {
    let removed = 0;
    for (let from = 0; from < hashes.length; from += ROWS_AT_ONCE) {
      const some = hashes.slice(from, from + ROWS_AT_ONCE);
      removed += await this.#database.write(() => this.#remove(some));
    }
    return removed;
  }

  async *hashes(): AsyncGenerator<ObjectId> {
    await this.#settled();
    const sql = `SELECT lower(hex(hash)) AS hash FROM commit_hashes
                 WHERE repository_id = ? AND hash > unhex(?) ORDER BY hash LIMIT ${ROWS_AT_ONCE}`;
    for (let last = ''; ; ) {
      const after = last;
      const rows = this.#database.read(() => this.#database.statement(sql).all(this.#repositoryId, after));
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

  async unmapped(mailmapHash: string): Promise<Identity[]> {
    const sql = 'SELECT name, email FROM identities WHERE repository_id = ? AND mailmap_hash <> ?';
    return this.#database.read(() =>
      this.#database
        .statement(sql)
        .all(this.#repositoryId, mailmapHash)
        .map(row => ({ name: String(row.name), email: String(row.email) })),
    );
  }

  async map(
    mailmapHash: string,
    mapped: readonly { readonly from: Identity; readonly to: Identity }[],
  ): Promise<RepositoryTotals> {
    const update = `UPDATE identities SET mapped_name = ?, mapped_email = ?, mailmap_hash = ?
                    WHERE repository_id = ? AND name = ? AND email = ?`;
    for (let from = 0; from < mapped.length; from += ROWS_AT_ONCE) {
      await this.#database.write(() => {
        const statement = this.#database.statement(update);
        for (const { from: as, to } of mapped.slice(from, from + ROWS_AT_ONCE)) {
          statement.run(to.name, to.email, mailmapHash, this.#repositoryId, as.name, as.email);
        }
      });
    }
    return this.#database.write(() => {
      const sql = 'UPDATE repositories SET mailmap_hash = ? WHERE id = ?';
      this.#database.statement(sql).run(mailmapHash, this.#repositoryId);
      return this.#renewTotals();
    });
  }

  async finish(nowMs: number): Promise<RepositoryTotals> {
    return this.#database.write(() => {
      this.#settle();
      const sql = 'SELECT pending_processed IS NOT NULL AS pending FROM repositories WHERE id = ?';
      if (this.#database.statement(sql).get(this.#repositoryId)?.pending === 1) {
        this.#run('DELETE FROM refs WHERE repository_id = ?');
        this.#run(
          `INSERT INTO refs (repository_id, name, tip)
           SELECT repository_id, name, tip FROM pending_refs WHERE repository_id = ?`,
        );
        this.#forgetPending();
      }
      const baked = 'UPDATE repositories SET last_baked_at_ms = ? WHERE id = ?';
      this.#database.statement(baked).run(nowMs, this.#repositoryId);
      return this.#renewTotals();
    });
  }

  #refs(table: 'refs' | 'pending_refs'): RefSnapshot {
    const sql = `SELECT name, lower(hex(tip)) AS tip FROM ${table} WHERE repository_id = ? ORDER BY name`;
    const rows = this.#database.read(() => this.#database.statement(sql).all(this.#repositoryId));
    return new Map(rows.map(row => [String(row.name), String(row.tip)]));
  }

  #forgetPending(): void {
    this.#run('DELETE FROM pending_refs WHERE repository_id = ?');
    this.#run('UPDATE repositories SET pending_processed = NULL WHERE id = ?');
  }

  #insertFresh(commits: readonly CommitRow[]): number {
    let first: number | bigint | undefined;
    for (const commit of commits) {
      const id = this.#insert(commit, this.#identityId(commit.author));
      first ??= id;
    }
    if (this.#unsettled === 0 && first !== undefined) {
      this.#database.statement(SET_UNSETTLED).run(this.#repositoryId, first);
    }
    this.#unsettled += commits.length;
    if (this.#unsettled >= SETTLED_AT_ONCE) this.#settle();
    return commits.length;
  }

  #insertUnknown(commits: readonly CommitRow[]): number {
    this.#settle();
    const find = this.#database.statement(FIND_HASH);
    const insertHash = this.#database.statement(INSERT_HASH);
    const perAuthor = new Map<number, number>();
    let added = 0;
    for (const commit of commits) {
      if (find.get(this.#repositoryId, commit.hash)) continue;
      const author = this.#identityId(commit.author);
      insertHash.run(this.#repositoryId, commit.hash, this.#insert(commit, author));
      perAuthor.set(author, (perAuthor.get(author) ?? 0) + 1);
      added += 1;
    }
    this.#countCommits(perAuthor);
    return added;
  }

  #insert(commit: CommitRow, author: number): number | bigint {
    const { parents, coAuthors } = commit;
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
    for (const coAuthor of coAuthors) {
      this.#database.statement(INSERT_CO_AUTHOR).run(lastInsertRowid, this.#identityId(coAuthor));
    }
    return lastInsertRowid;
  }

  /** Settles what waits, if anything does: then the counts and hashes are those of all commits. */
  async #settled(): Promise<void> {
    if (this.#isUnsettled()) await this.#database.write(() => this.#settle());
  }

  #isUnsettled(): boolean {
    const sql = 'SELECT unsettled_from IS NOT NULL AS waiting FROM repositories WHERE id = ?';
    return this.#database.read(() => this.#database.statement(sql).get(this.#repositoryId))?.waiting === 1;
  }

  /** Within a transaction. */
  #settle(): void {
    if (this.#isUnsettled()) {
      const waiting = this.#database.statement(`SELECT count(*) AS commits ${UNSETTLED}`);
      const { changes } = this.#database.statement(SETTLE_HASHES).run(this.#repositoryId);
      // Never, as long as git names each commit once.
      if (changes !== waiting.get(this.#repositoryId)?.commits) this.#run(DROP_DOUBLES);
      this.#run(SETTLE_COUNTS);
      this.#database.statement(SET_UNSETTLED).run(this.#repositoryId, null);
    }
    this.#unsettled = 0;
  }

  #remove(hashes: readonly ObjectId[]): number {
    this.#settle();
    const dropHash = this.#database.statement(DROP_HASH);
    const drop = this.#database.statement(DROP_COMMIT);
    const perAuthor = new Map<number, number>();
    let removed = 0;
    for (const hash of hashes) {
      const found = dropHash.get(this.#repositoryId, hash);
      if (!found) continue;
      const author = Number(drop.get(Number(found.id))?.author);
      perAuthor.set(author, (perAuthor.get(author) ?? 0) - 1);
      removed += 1;
    }
    this.#countCommits(perAuthor);
    return removed;
  }

  #identityId(identity: Identity): number {
    const known = this.#identityIds.get(identity);
    if (known !== undefined) return known;
    const { name, email } = identity;
    const found = this.#database.statement(FIND_IDENTITY).get(this.#repositoryId, name, email);
    const id = found
      ? Number(found.id)
      : Number(
          this.#database.statement(INSERT_IDENTITY).run(this.#repositoryId, name, email).lastInsertRowid,
        );
    if (this.#identityIds.size >= MAX_CACHED_IDENTITIES) this.#identityIds.clear();
    this.#identityIds.set(identity, id);
    return id;
  }

  #countCommits(perAuthor: ReadonlyMap<number, number>): void {
    const statement = this.#database.statement(COUNT_COMMITS);
    for (const [author, change] of perAuthor) statement.run(change, author);
  }

  #renewTotals(): RepositoryTotals {
    const row = this.#database.statement(TOTALS).get(this.#repositoryId);
    const totals: RepositoryTotals = {
      commits: Number(row?.commits),
      authors: Number(row?.authors),
      firstCommitAt: row?.first == null ? null : Number(row.first),
      lastCommitAt: row?.last == null ? null : Number(row.last),
    };
    this.#database
      .statement(STORE_TOTALS)
      .run(totals.commits, totals.authors, totals.firstCommitAt, totals.lastCommitAt, this.#repositoryId);
    return totals;
  }

  #run(sql: string): void {
    this.#database.statement(sql).run(this.#repositoryId);
  }
}
