import { type FileHandle, open } from 'node:fs/promises';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Clock } from '../../base/clock.ts';
import { makePrivateFile } from '../../base/durable-files.ts';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import { Serializer } from '../../base/serializer.ts';
import { isUri } from '../../base/text.ts';
import type { SqlRow } from '../store/rows/columns.ts';
import { Checkpoints } from './checkpoints.ts';
import { asDatabaseError } from './errors.ts';
import { diskBytesAt, type LogBound, logBoundFor } from './log-bound.ts';
import { canMapIndexAt } from './mapped-index.ts';
import { migrate } from './migrate.ts';
import type { SqlValue } from './values.ts';

export interface DatabaseOptions {
  readonly path: string;
  readonly clock: Clock;
  /** How long a change waits for another process or thread that is writing. */
  readonly busyTimeoutMs?: number;
  /** Size of the page cache. */
  readonly cacheBytes?: number;
  /**
   * `full` has every commit on the disk when `write` resolves, and holds up this thread meanwhile; `normal`, the
   * default, may lose the last commits in a power cut, though not in a crash, unless `flush` followed them, and never
   * tears the database (sqlite.org/pragma.html#pragma_synchronous).
   */
  readonly synchronous?: 'full' | 'normal';
  /** Checkpoints on a thread of their own, for an event loop that must not stand still. Off: within commits. */
  readonly checkpointThread?: boolean;
  /**
   * Whether the write-ahead log may have its index in a mapped file; by default where the file system of `path` lets one
   * be written whatever happens. Without it changes go by a rollback journal, each on the disk once it is committed.
   */
  readonly mappedIndex?: boolean;
}

const DEFAULT_BUSY_TIMEOUT_MS = 30_000;
const DEFAULT_CACHE_BYTES = 16 * 2 ** 20;
/**
 * Pages of the log from which on a COMMIT brings them into the file: 32 MiB; four times that where a thread comes
 * before. On a small disk it is less (log-bound.ts).
 */
const CHECKPOINT_PAGES = 8000;
const PAGES_BESIDE_THREAD = 4;
/** First wait before a busy database is tried again; doubles up to the longest. */
const BUSY_RETRY_MS = 1;
const LONGEST_BUSY_RETRY_MS = 20;
/**
 * With a rollback journal a reading waits while another connection commits, some flushes of the disk, and this thread
 * stands still meanwhile: a reading is answered at once or not at all. A commit that meets a reader waits for a moment,
 * and is then made again later, as readers may take long.
 */
const READ_WAIT_MS = 5000;
const COMMIT_WAIT_MS = 50;
/** Whoever has the database open keeps its log from being left; they are few, and seldom so. */
const LEAVE_LOG_WAIT_MS = 1000;

/**
 * One connection to a sluice database (SQLite, WAL). Reads run at once; changes go through `write`, which
 * takes the write lock without ever blocking the thread: while another connection writes, the event loop
 * goes on and the change is tried again (a large bake writes from a thread of its own for minutes).
 *
 * Where a mapped file can fail, and with it the whole process, there is no log but a rollback journal: readings and
 * commits wait for each other there (docs/decisions/0074-no-mapped-index-where-mapping-fails.md).
 */
export class Database {
  readonly path: string;
  readonly #connection: DatabaseSync;
  readonly #clock: Clock;
  readonly #busyTimeoutMs: number;
  readonly #statements = new Map<string, StatementSync>();
  /** Changes of this connection go one after the other: SQLite has one transaction a connection. */
  readonly #writes = new Serializer();
  #log: FileHandle | undefined;
  #flushFailed = false;
  readonly #checkpoints: Checkpoints | undefined;
  /** Undefined where changes go by a rollback journal. */
  readonly #logBound: LogBound | undefined;

  private constructor(connection: DatabaseSync, options: DatabaseOptions, log: LogBound | undefined) {
    this.path = options.path;
    this.#connection = connection;
    this.#logBound = log;
    this.#clock = options.clock;
    this.#busyTimeoutMs = options.busyTimeoutMs ?? DEFAULT_BUSY_TIMEOUT_MS;
    const { path, clock, checkpointThread = false } = options;
    if (checkpointThread && log)
      this.#checkpoints = new Checkpoints({
        path,
        clock,
        pending: () => this.#pendingPages(),
        fromPages: log.pages / PAGES_BESIDE_THREAD,
      });
  }

  /** Opens or creates the file and brings its schema up to date. Throws `database_*` or `disk_*`. */
  static async open(options: DatabaseOptions): Promise<Database> {
    if (isUri(options.path)) throw notAFile(options.path);
    const deadlineMs = options.clock.monotonicMs() + (options.busyTimeoutMs ?? DEFAULT_BUSY_TIMEOUT_MS);
    makePrivateFile(options.path);
    const mostPages = CHECKPOINT_PAGES * (options.checkpointThread ? PAGES_BESIDE_THREAD : 1);
    const log = logBoundFor(mostPages, diskBytesAt(options.path));
    const connection = wrap('open database', options.path, () => new DatabaseSync(options.path));
    let hasLog: boolean;
    try {
      const cacheKib = Math.round((options.cacheBytes ?? DEFAULT_CACHE_BYTES) / 1024);
      await untilNotBusy(options.clock, deadlineMs, options.path, () => {
        connection.exec(
          `PRAGMA busy_timeout = 0; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -${cacheKib}`,
        );
      });
      hasLog = await chooseJournal(connection, options, deadlineMs);
      const settings = hasLog
        ? `PRAGMA synchronous = ${options.synchronous ?? 'normal'};
           PRAGMA wal_autocheckpoint = ${log.pages}; PRAGMA journal_size_limit = ${log.bytes}`
        : 'PRAGMA synchronous = full';
      connection.exec(settings);
      await untilNotBusy(options.clock, deadlineMs, options.path, () => migrate(connection, options.path));
      // A change that spilled its pages would keep readers out for all of its time.
      if (!hasLog) connection.exec(`PRAGMA cache_spill = OFF; PRAGMA busy_timeout = ${READ_WAIT_MS}`);
    } catch (error) {
      connection.close();
      throw error;
    }
    return new Database(connection, options, hasLog ? log : undefined);
  }

  /** A prepared statement, kept for the next call with the same text. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = wrap('prepare statement', this.path, () => this.#connection.prepare(sql));
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** All rows of a query; its errors come out classified. */
  all(sql: string, ...values: readonly SqlValue[]): SqlRow[] {
    return this.read(() => this.statement(sql).all(...values)) as Record<string, unknown>[] as SqlRow[];
  }

  /** The first row of a query, if there is one; its errors come out classified. */
  first(sql: string, ...values: readonly SqlValue[]): SqlRow | undefined {
    const row = this.read(() => this.statement(sql).get(...values)) as Record<string, unknown> | undefined;
    return row as SqlRow | undefined;
  }

  /** Runs statements that need no transaction here (PRAGMA, checkpoint). */
  exec(sql: string): void {
    wrap('run statement', this.path, () => this.#connection.exec(sql));
  }

  /** Runs `read` and answers with what it answers; its errors come out classified. */
  read<T>(read: () => T): T {
    return wrap('read database', this.path, read);
  }

  /**
   * Runs `change` in one transaction: all of it or nothing. It must be synchronous and may run more than
   * once (when the lock was lost before it did anything), so it changes nothing outside the database.
   * Throws `database_busy` when the lock is not to be had in time, `disk_full`, or what `change` throws.
   */
  write<T>(change: () => T): Promise<T> {
    return this.#writes.run(async () => {
      const deadlineMs = this.#clock.monotonicMs() + this.#busyTimeoutMs;
      if (this.#logBound) {
        await untilNotBusy(this.#clock, deadlineMs, this.path, () => this.#begin());
        const result = this.#finish(change);
        this.#checkpoints?.written();
        return result;
      }
      // A reader may keep the commit out: the change lets go of its lock and is made again, as if it had never begun.
      return untilNotBusy(this.#clock, deadlineMs, this.path, () => {
        try {
          this.#waitForOthers(0);
          this.#begin();
          this.#waitForOthers(COMMIT_WAIT_MS);
          return this.#finish(change);
        } finally {
          this.#waitForOthers(READ_WAIT_MS);
        }
      });
    });
  }

  #begin(): void {
    this.#connection.exec('BEGIN IMMEDIATE');
  }

  #waitForOthers(mostMs: number): void {
    this.#connection.exec(`PRAGMA busy_timeout = ${mostMs}`);
  }

  #finish<T>(change: () => T): T {
    try {
      const result = wrap('write database', this.path, change);
      wrap('write database', this.path, () => this.#connection.exec('COMMIT'));
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
    } catch {
      // The disk takes nothing now; whoever uses the database next rolls it back first.
    }
  }

  /**
   * Resolves when every change that was committed before this call is on the disk: what `synchronous = FULL` does
   * within COMMIT, done on another thread (docs/decisions/0030-journal-flushed-off-the-thread.md). One call at a time.
   * Throws `disk_*`; what was committed stays visible then, and the next call makes good for it.
   */
  async flush(): Promise<void> {
    // COMMIT had it flushed.
    if (!this.#logBound) return;
    try {
      // The kernel forgets pages that it failed to write: a second fdatasync alone would promise too much.
      if (this.#flushFailed) this.#checkpoint();
      // The log stays the same file as long as this connection is open (sqlite.org/wal.html, "The WAL file").
      this.#log ??= await open(`${this.path}-wal`, 'r');
      await this.#log.datasync();
      this.#flushFailed = false;
    } catch (error) {
      this.#flushFailed = true;
      throw asSluiceError(error, { operation: 'flush database', subject: this.path });
    }
  }

  #pendingPages(): number {
    const row = this.read(() => this.statement('PRAGMA wal_checkpoint(NOOP)').get());
    return Number(row?.log) - Number(row?.checkpointed);
  }

  /** Brings all that is committed into the database file, and that onto the disk. */
  #checkpoint(): void {
    const row = this.statement('PRAGMA wal_checkpoint(FULL)').get();
    if (Number(row?.busy) !== 0) throw new SluiceError('database_busy', `database ${this.path} is in use`);
  }

  /** Closes the connection after the changes under way. May be repeated. */
  async close(): Promise<void> {
    await this.#writes.idle();
    await this.#checkpoints?.close();
    await this.#log?.close();
    this.#log = undefined;
    this.#statements.clear();
    if (this.#connection.isOpen) this.#connection.close();
  }
}

/**
 * Has changes written ahead to a log, or kept back in a rollback journal, as the file system allows. A log that others
 * have open stays for now.
 * @returns whether there is a log
 */
async function chooseJournal(
  connection: DatabaseSync,
  { path, clock, mappedIndex = canMapIndexAt(path) }: DatabaseOptions,
  deadlineMs: number,
): Promise<boolean> {
  const set = (mode: string): boolean =>
    connection.prepare(`PRAGMA journal_mode = ${mode}`).get()?.journal_mode === 'wal';
  if (mappedIndex) return untilNotBusy(clock, deadlineMs, path, () => set('WAL'));
  try {
    const leaveMs = Math.min(deadlineMs, clock.monotonicMs() + LEAVE_LOG_WAIT_MS);
    return await untilNotBusy(clock, leaveMs, path, () => set('TRUNCATE'));
  } catch (error) {
    if (!(error instanceof SluiceError && error.code === 'database_busy')) throw error;
    return untilNotBusy(
      clock,
      deadlineMs,
      path,
      () => connection.prepare('PRAGMA journal_mode').get()?.journal_mode === 'wal',
    );
  }
}

async function untilNotBusy<T>(clock: Clock, deadlineMs: number, path: string, attempt: () => T): Promise<T> {
  for (let waitMs = BUSY_RETRY_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_BUSY_RETRY_MS)) {
    try {
      return wrap('write database', path, attempt);
    } catch (error) {
      const busy = error instanceof SluiceError && error.code === 'database_busy';
      if (!busy || clock.monotonicMs() + waitMs > deadlineMs) throw error;
    }
    await clock.sleep(waitMs);
  }
}

/** Runs something of SQLite's and gives its errors our codes. */
function wrap<T>(operation: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw asDatabaseError(error, operation, path);
  }
}

/** The scheme says what was meant; the rest may hold a password. */
function notAFile(address: string): SluiceError {
  const scheme = address.slice(0, address.indexOf(':'));
  const message = `the database is a SQLite file of this machine; "${scheme}:…" is an address and not its path`;
  return new SluiceError('database_invalid', message, {
    operation: 'open database',
    hint: 'Give the path of a file, as "sluice.db"; SQLite is the only database that sluice keeps its own in.',
  });
}
