import { randomUUID } from 'node:crypto';
import { SluiceError } from '../../../../base/errors.ts';
import { CommitCounts } from '../../../store/commit-counts.ts';
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
import { isDouble } from '../../errors.ts';
import type { Transaction, TransactionalExecutor, TransactionOptions } from '../../executor.ts';
import type { Parameter } from '../../parameters.ts';
import { holdClaim } from '../lock.ts';
import { copyCommits, insertCommits } from './commits.ts';
import { Identities } from './identities.ts';
import { removeCommits } from './remove.ts';
import { COUNTED_AT_ONCE, rollUpCounts, rollUpRows } from './roll-ups.ts';
import { renewTotals } from './totals.ts';

/** Of any number of rows so many are read or changed at once. */
const ROWS_AT_ONCE = 1000;
/** A transaction is some eight round trips, which are as long for a thousand. */
const COMMITS_AT_ONCE = 4096;
const MAY_BE_LOST: TransactionOptions = { mayBeLost: true };

const TAKE_OVER = `
  UPDATE repositories SET writer = $2 WHERE id = $1 RETURNING unsettled_from, pending_processed`;
const HOLD = `
  SELECT unsettled_from, pending_processed FROM repositories WHERE id = $1 AND writer = $2 FOR NO KEY UPDATE`;
const WAIT = 'SELECT FROM repositories WHERE id = $1 FOR NO KEY UPDATE';
const KEEP_MAILMAP = `
  INSERT INTO mailmaps (repository_id, content) VALUES ($1, $2)
  ON CONFLICT (repository_id) DO UPDATE SET content = excluded.content WHERE mailmaps.content <> excluded.content`;
const ADVANCE = `
  UPDATE repositories SET pending_processed = pending_processed + $2, unsettled_from = coalesce(unsettled_from, $3)
   WHERE id = $1 RETURNING pending_processed`;
const FORGET_PENDING = [
  'DELETE FROM pending_refs WHERE repository_id = $1',
  'UPDATE repositories SET pending_processed = NULL WHERE id = $1',
];
const BEGIN = 'UPDATE repositories SET pending_processed = 0 WHERE id = $1';
const INSERT_PENDING = `
  INSERT INTO pending_refs (repository_id, name, tip)
  SELECT $1, name, decode(tip, 'hex') FROM unnest($2::text[], $3::text[]) AS given (name, tip)`;
const PENDING_TO_CURSOR = [
  'DELETE FROM refs WHERE repository_id = $1',
  'INSERT INTO refs (repository_id, name, tip) SELECT repository_id, name, tip FROM pending_refs WHERE repository_id = $1',
  ...FORGET_PENDING,
];
const HASHES = `
  SELECT encode(hash, 'hex') AS hash FROM commits
   WHERE repository_id = $1 AND hash > decode($2, 'hex') ORDER BY hash LIMIT $3`;
const COUNT = 'SELECT coalesce(sum(commits), 0) AS commits FROM identities WHERE repository_id = $1';
const UNMAPPED = 'SELECT name, email FROM identities WHERE repository_id = $1 AND mailmap_hash <> $2';
const MAP = `
  UPDATE identities SET mapped_name = given.to_name, mapped_email = given.to_email, mailmap_hash = $2
    FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS given (name, email, to_name, to_email)
   WHERE repository_id = $1 AND text_key(identities.name, identities.email) = text_key(given.name, given.email)`;

/**
 * `HistoryWriter` on Postgres. Commits are stored as they come, and counted (in `identities` and the roll-ups) some
 * thousands at once; `repositories.unsettled_from` says from where on they are not counted, so whoever comes after an
 * interruption counts them first, from their rows.
 *
 *   none uncounted ──append──▶ uncounted, counts in memory ──settle──▶ none
 *                                 │ another writer, or a transaction that failed
 *                                 ▼
 *                              uncounted, known by their rows ──settle──▶ none
 *
 * A process may stand still for longer than its claim lasts, and go on when somebody else has it. So each change holds the
 * claim that it is made under. The first change also puts the writer's name into `repositories.writer`, and each later one
 * needs it to be there still: that keeps apart two writers under one claim, and those that have none.
 */
export class PostgresHistoryWriter implements HistoryWriter {
  readonly commitsAtOnce = COMMITS_AT_ONCE;
  readonly #database: TransactionalExecutor;
  readonly #repositoryId: number;
  readonly #claim: number | undefined;
  readonly #name = randomUUID();
  readonly #identities: Identities;
  readonly #counts = new CommitCounts(COUNTED_AT_ONCE);
  #isNamed = false;
  /** A walk that began with nothing stored: its commits are new without looking. */
  #isFresh = false;
  /**
   * How far the pending walk is, once a change of ours has said so. Who finds another number there has lost changes: the
   * server crashed, and took back what was not on its disk yet.
   */
  #processed: number | null | undefined;

  /** @param claim the token of the claim that it writes under, where there is a queue */
  constructor(database: TransactionalExecutor, repositoryId: number, claim?: number) {
    this.#database = database;
    this.#repositoryId = repositoryId;
    this.#claim = claim;
    this.#identities = new Identities(repositoryId);
  }

  cursor(): Promise<RefSnapshot> {
    return this.#refs('refs');
  }

  async pending(): Promise<PendingWalk | undefined> {
    const row = await this.#first('SELECT pending_processed AS processed FROM repositories WHERE id = $1');
    if (typeof row?.processed !== 'number') return undefined;
    return { tips: await this.#refs('pending_refs'), processed: row.processed };
  }

  async begin(tips: RefSnapshot): Promise<void> {
    const stored = await this.count();
    await this.#change(async transaction => {
      for (const sql of FORGET_PENDING) await transaction.execute(sql, [this.#repositoryId]);
      await transaction.execute(BEGIN, [this.#repositoryId]);
      await transaction.execute(INSERT_PENDING, [this.#repositoryId, [...tips.keys()], [...tips.values()]]);
    });
    this.#processed = 0;
    this.#isFresh = stored === 0;
  }

  async append(commits: CommitRows, walked: number): Promise<number> {
    const areNew = this.#isFresh && walked === commits.length;
    try {
      return await this.#append(commits, walked, areNew);
    } catch (error) {
      if (!areNew || !isDouble(error)) throw error;
      // git named a commit twice, which it never should.
      this.#isFresh = false;
      return this.#append(commits, walked, false);
    }
  }

  /** Commits and position go together: where a crash takes both, they are read again. */
  async #append(commits: CommitRows, walked: number, areNew: boolean): Promise<number> {
    // The first change says who writes, and only a walk's position tells whether one was taken back.
    const options = this.#isNamed && walked > 0 ? MAY_BE_LOST : undefined;
    const { count, processed } = await this.#change(async (transaction, uncountedFrom) => {
      if (this.#counts.size + commits.length > COUNTED_AT_ONCE) {
        await this.#settle(transaction, uncountedFrom);
      } else if (uncountedFrom !== undefined && this.#counts.size === 0) {
        await this.#settle(transaction, uncountedFrom);
      }
      const identities = this.#identities;
      const into = { transaction, repositoryId: this.#repositoryId, identities };
      // More at once than are counted in memory are counted from their rows.
      const count = (row: CommitRow, author: number): void => {
        if (commits.length <= COUNTED_AT_ONCE) this.#counts.add(row, author);
      };
      const { rows, at, firstId } = areNew
        ? await copyCommits(into, commits, count)
        : await insertCommits(into, commits);
      if (!areNew) {
        for (const index of at) {
          const row = rows[index] as CommitRow;
          count(row, identities.idOf(row.author));
        }
      }
      const row = await transaction.first(ADVANCE, [this.#repositoryId, walked, firstId]);
      return { count: at.length, processed: positionOf(row) };
    }, options);
    this.#processed = processed;
    return count;
  }

  async remove(hashes: readonly ObjectId[]): Promise<number> {
    let removed = 0;
    for (let from = 0; from < hashes.length; from += ROWS_AT_ONCE) {
      const some = hashes.slice(from, from + ROWS_AT_ONCE);
      removed += await this.#change(async (transaction, uncountedFrom) => {
        await this.#settle(transaction, uncountedFrom);
        return removeCommits(transaction, this.#repositoryId, some);
      });
    }
    return removed;
  }

  async *hashes(): AsyncGenerator<ObjectId> {
    for (let last = ''; ; ) {
      const rows = await this.#database.query(HASHES, [this.#repositoryId, last, ROWS_AT_ONCE]);
      for (const row of rows) yield String(row.hash);
      if (rows.length < ROWS_AT_ONCE) return;
      last = String(rows.at(-1)?.hash);
    }
  }

  async count(): Promise<number> {
    const row = await this.#first('SELECT unsettled_from AS id FROM repositories WHERE id = $1');
    if (row?.id != null) await this.#change((transaction, from) => this.#settle(transaction, from));
    return Number((await this.#first(COUNT))?.commits);
  }

  async unmapped(mailmapHash: string): Promise<PersonIdentity[]> {
    const rows = await this.#database.query(UNMAPPED, [this.#repositoryId, mailmapHash]);
    return rows.map(row => ({ name: String(row.name), email: String(row.email) }));
  }

  async keepMailmap(content: Uint8Array): Promise<void> {
    await this.#beside(transaction => transaction.execute(KEEP_MAILMAP, [this.#repositoryId, content]));
  }

  async map(
    mailmapHash: string,
    mapped: readonly { readonly from: PersonIdentity; readonly to: PersonIdentity }[],
  ): Promise<RepositoryTotals> {
    for (let from = 0; from < mapped.length; from += ROWS_AT_ONCE) {
      const some = mapped.slice(from, from + ROWS_AT_ONCE);
      await this.#beside(transaction =>
        transaction.execute(MAP, [
          this.#repositoryId,
          mailmapHash,
          some.map(each => each.from.name),
          some.map(each => each.from.email),
          some.map(each => each.to.name),
          some.map(each => each.to.email),
        ]),
      );
    }
    return this.#beside(async transaction => {
      await transaction.execute('UPDATE repositories SET mailmap_hash = $2 WHERE id = $1', [
        this.#repositoryId,
        mailmapHash,
      ]);
      return renewTotals(transaction, this.#repositoryId, undefined);
    });
  }

  async finish(nowMs: number): Promise<RepositoryTotals> {
    const totals = await this.#change(async (transaction, uncountedFrom) => {
      await this.#settle(transaction, uncountedFrom);
      const row = await transaction.first(
        'UPDATE repositories SET last_baked_at_ms = $2 WHERE id = $1 RETURNING pending_processed',
        [this.#repositoryId, nowMs],
      );
      if (row?.pending_processed !== null)
        for (const sql of PENDING_TO_CURSOR) await transaction.execute(sql, [this.#repositoryId]);
      return renewTotals(transaction, this.#repositoryId, nowMs);
    });
    this.#processed = null;
    return totals;
  }

  /** Counts what is not counted yet. */
  async #settle(transaction: Transaction, uncountedFrom: number | undefined): Promise<void> {
    if (uncountedFrom === undefined) return;
    if (this.#counts.size > 0) await rollUpCounts(transaction, this.#repositoryId, this.#counts.take());
    else await rollUpRows(transaction, this.#repositoryId, uncountedFrom);
    await transaction.execute('UPDATE repositories SET unsettled_from = NULL WHERE id = $1', [
      this.#repositoryId,
    ]);
  }

  /** A transaction of the repository's only writer. @param make is told from where on commits are not counted */
  async #change<T>(
    make: (transaction: Transaction, uncountedFrom: number | undefined) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    let attempts = 0;
    try {
      const result = await this.#database.transaction(async transaction => {
        attempts += 1;
        // What was counted in memory went into the attempt before.
        if (attempts > 1) this.#forget();
        await holdClaim(transaction, this.#claim);
        const row = await transaction.first(this.#isNamed ? HOLD : TAKE_OVER, [
          this.#repositoryId,
          this.#name,
        ]);
        if (!row) {
          throw new SluiceError('lease_lost', 'another station has gone on with this repository', {
            operation: 'write history',
          });
        }
        if (this.#processed !== undefined && positionOf(row) !== this.#processed) {
          throw new SluiceError(
            'database_crashed',
            'the database server took back the last commits in a crash',
            {
              operation: 'write history',
            },
          );
        }
        return make(transaction, row.unsettled_from === null ? undefined : Number(row.unsettled_from));
      }, options);
      this.#isNamed = true;
      return result;
    } catch (error) {
      this.#forget();
      this.#processed = undefined;
      this.#isFresh = false;
      throw error;
    }
  }

  /** A change that takes nothing over from who else writes: it waits for their transaction, and they for it. */
  #beside<T>(make: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#database.transaction(async transaction => {
      await holdClaim(transaction, this.#claim);
      await transaction.first(WAIT, [this.#repositoryId]);
      return make(transaction);
    });
  }

  /** Rows of identities may have gone with a transaction, and what is uncounted is known by its rows only. */
  #forget(): void {
    this.#identities.forget();
    this.#counts.clear();
  }

  async #refs(table: 'refs' | 'pending_refs'): Promise<RefSnapshot> {
    const sql = `SELECT name, encode(tip, 'hex') AS tip FROM ${table} WHERE repository_id = $1 ORDER BY name`;
    const rows = await this.#database.query(sql, [this.#repositoryId]);
    return PackedRefs.from(rows.map(row => [String(row.name), String(row.tip)]));
  }

  #first(sql: string, ...values: readonly Parameter[]): Promise<Record<string, unknown> | undefined> {
    return this.#database.first(sql, [this.#repositoryId, ...values]);
  }
}

function positionOf(row: Record<string, unknown> | undefined): number | null {
  return row?.pending_processed == null ? null : Number(row.pending_processed);
}
