import type { Clock } from '../../../../base/clock.ts';
import type { ErrorCode } from '../../../../base/errors.ts';
import type { HookQueue } from '../../../local/hooks.ts';
import type {
  Attempt,
  EnteringFile,
  FileAddress,
  FileHold,
  FileIdentity,
  FileRecord,
  FileState,
  FileTrouble,
  HeldFiles,
  Journal,
  ObjectNames,
  PartRecord,
  RecordChange,
  RecordFilter,
  Released,
  StateCounts,
  UnfinishedUpload,
  UnsettledFiles,
  WaitingFiles,
} from '../../../local/journal.ts';
import { readInteger, readText } from '../../../store/rows/columns.ts';
import type { Database } from '../../database.ts';
import { GroupCommit } from '../../group-commit.ts';
import { OpenedDatabaseFile } from '../../opened-database-file.ts';
import { Entrance } from './entrance.ts';
import { RecordFinder } from './find-records.ts';
import { createHookQueue } from './hooks.ts';
import { countRecords, listRecords } from './list.ts';
import { rewindTimes } from './rewind.ts';
import { toAttempt, updateOf } from './rows.ts';
import {
  bucketsWaitedFor,
  countBelow,
  countHeld,
  countStates,
  countUnproven,
  countUnsettled,
  countWaiting,
  heldByPlace,
  oldestOnItsWay,
  rangeBelow,
  totalRetained,
  troublesByCause,
} from './totals.ts';
import { UploadRows } from './uploads.ts';

/** Journal in SQLite; the contract is in journal.ts. */
export class SqliteJournal implements Journal {
  readonly hooks: HookQueue;
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #changes: GroupCommit;
  readonly #uploads: UploadRows;
  readonly #records: RecordFinder;
  readonly #entrance: Entrance;
  readonly #file: OpenedDatabaseFile;
  /** The last time asked for, and its text: many changes of one group have the same. */
  #nowMs = Number.NaN;
  #nowText = '';

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#records = new RecordFinder(database);
    this.#file = new OpenedDatabaseFile(database.path);
    this.#clock = clock;
    const apply = (id: number, change: RecordChange, now?: string): void => this.#apply(id, change, now);
    this.#entrance = new Entrance({ database, records: this.#records, clock, apply });
    this.#changes = new GroupCommit(database, { clock, durable: true });
    this.#uploads = new UploadRows(database, this.#changes);
    this.hooks = createHookQueue(database, this.#changes);
  }

  enter(file: EnteringFile): Promise<FileRecord> {
    const now = this.#now();
    return this.#changes.submit(() => this.#entrance.enter(file, now));
  }

  async change(id: number, change: RecordChange): Promise<void> {
    const now = this.#now();
    await this.#changes.submit(() => this.#apply(id, change, now));
  }

  changeIf(id: number, state: FileState, change: RecordChange): Promise<boolean> {
    return this.#changes.submit(() => {
      const record = this.byId(id);
      if (record?.state !== state) return false;
      if (change.state === 'incoming') this.#entrance.supersede(record);
      this.#apply(id, change);
      return true;
    });
  }

  changeUnmoved(record: FileRecord, change: RecordChange): Promise<boolean> {
    return this.#changes.submit(() => {
      const now = this.byId(record.id);
      const isUnmoved =
        now?.state === record.state &&
        now.filepath === record.filepath &&
        now.bucket === record.bucket &&
        now.profile === record.profile;
      if (!isUnmoved) return false;
      if (this.#entrance.giveWayToRenamed(now)) return false;
      this.#apply(record.id, change);
      return true;
    });
  }

  recordAttempt(id: number, attempt: Omit<Attempt, 'number'>, change: RecordChange): Promise<number> {
    const now = this.#now();
    return this.#changes.submit(() => {
      const { sql, values } = updateOf(id, change, now, true);
      const row = this.#database.first(sql, ...values);
      const number = row ? readInteger(row, 'attempts') : 1;
      this.#database
        .statement(
          `INSERT INTO attempts (record_id, number, started_at, finished_at, outcome, error_answer, error_code, error_message)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          id,
          number,
          attempt.startedAt,
          attempt.finishedAt,
          attempt.outcome,
          attempt.errorAnswer,
          attempt.errorCode,
          attempt.errorMessage,
        );
      return number;
    });
  }

  withdraw(id: number): Promise<boolean> {
    return this.#changes.submit(() => {
      const sql = `DELETE FROM file_records WHERE id = ? AND current_state = 'incoming_tmp'`;
      return Number(this.#database.statement(sql).run(id).changes) > 0;
    });
  }

  merge(id: number, intoId: number, change: RecordChange): Promise<void> {
    return this.#changes.submit(() => {
      this.#database.statement('DELETE FROM file_records WHERE id = ?').run(id);
      this.#apply(intoId, change);
    });
  }

  byId(id: number): FileRecord | undefined {
    return this.#records.byId(id);
  }

  byAddress(address: FileAddress, state: FileState): FileRecord | undefined {
    return this.#records.byAddress(address, state);
  }

  byIdentity(identity: FileIdentity, place: 'spool' | 'folder'): FileRecord | undefined {
    return this.#records.byIdentity(identity, place);
  }

  deliveredBefore(record: Pick<FileRecord, 'id' | 'source'>): FileRecord | undefined {
    return this.#records.deliveredBefore(record);
  }

  newerThan(record: FileRecord, names: ObjectNames): FileRecord | undefined {
    return this.#records.newerThan(record, names);
  }

  olderUnderWay(record: FileRecord, names: ObjectNames): FileRecord[] {
    return this.#records.olderUnderWay(record, names);
  }

  bySource(path: string): FileRecord | undefined {
    return this.#records.bySource(path);
  }

  due(profile: string, nowMs: number, limit: number, except?: readonly number[]): FileRecord[] {
    return this.#records.due(profile, nowMs, limit, except);
  }

  nextDueMs(profile: string, afterMs: number): number | undefined {
    return this.#records.nextDueMs(profile, afterMs);
  }

  list(filter: RecordFilter): FileRecord[] {
    return this.#database.read(() => listRecords(this.#database, filter));
  }

  count(filter: RecordFilter): number {
    return this.#database.read(() => countRecords(this.#database, filter));
  }

  attempts(id: number): Attempt[] {
    return this.#database
      .all('SELECT * FROM attempts WHERE record_id = ? ORDER BY number', id)
      .map(toAttempt);
  }

  oldestWaitingMs(): number | undefined {
    return this.#database.read(() => oldestOnItsWay(this.#database));
  }

  counts(): StateCounts {
    return this.#database.read(() => countStates(this.#database, this.#clock.nowMs()));
  }

  troubles(): FileTrouble[] {
    return this.#database.read(() => troublesByCause(this.#database));
  }

  unsettled(lateMs: number): UnsettledFiles[] {
    return this.#database.read(() => countUnsettled(this.#database, this.#clock.nowMs(), lateMs));
  }

  inState(state: FileState, afterId: number, limit: number): FileRecord[] {
    return this.#records.inState(state, afterId, limit);
  }

  retained(limit: number): FileRecord[] {
    return this.#records.retained(limit);
  }

  retainedTotals(): { files: number; bytes: number } {
    return this.#database.read(() => totalRetained(this.#database));
  }

  holdCounts(): Record<FileHold, number> {
    return this.#database.read(() => countHeld(this.#database));
  }

  missingBuckets(): { profile: string; bucket: string }[] {
    return this.#database.read(() => bucketsWaitedFor(this.#database));
  }

  heldFiles(): HeldFiles[] {
    return this.#database.read(() => heldByPlace(this.#database));
  }

  release(hold: FileHold, which: Released, nowMs: number): Promise<number> {
    const set =
      'UPDATE file_records SET hold = NULL, next_attempt_at_ms = ?, last_updated = ? WHERE hold = ?';
    return this.#changes.submit(() => {
      const { changes } =
        'below' in which
          ? this.#database
              .statement(`${set} AND source >= ? AND source < ?`)
              .run(nowMs, this.#now(), hold, ...rangeBelow(which.below))
          : this.#database
              .statement(`${set} AND profile = ? AND bucket = ?`)
              .run(nowMs, this.#now(), hold, which.profile, which.bucket);
      return Number(changes);
    });
  }

  mounts(): string[] {
    return this.#database.read(() =>
      this.#database.all('SELECT path FROM mounts').map(row => readText(row, 'path')),
    );
  }

  async noteMount(path: string): Promise<void> {
    await this.#changes.submit(() =>
      this.#database.statement('INSERT OR IGNORE INTO mounts (path) VALUES (?)').run(path),
    );
  }

  async forgetMount(path: string): Promise<void> {
    await this.#changes.submit(() => this.#database.statement('DELETE FROM mounts WHERE path = ?').run(path));
  }

  waitingFiles(): WaitingFiles[] {
    return this.#database.read(() => countWaiting(this.#database));
  }

  waitingBelow(folder: string): number {
    return this.#database.read(() => countBelow(this.#database, folder));
  }

  smallestWaiting(
    where: { readonly profile: string; readonly bucket?: string },
    except: readonly number[],
  ): FileRecord | undefined {
    return this.#records.smallestWaiting(where, except);
  }

  failedForKey(profile: string, codes: readonly ErrorCode[], keyMark: string): FileRecord[] {
    return this.#records.failedForKey(profile, codes, keyMark);
  }

  waitingForKey(profile: string, keyMark: string): FileRecord | undefined {
    return this.#records.waitingForKey(profile, keyMark);
  }

  unproven(): { files: number; bytes: number } {
    return this.#database.read(() => countUnproven(this.#database));
  }

  makeDueNow(profile: string, nowMs: number): Promise<number> {
    return this.#changes.submit(() => {
      const { changes } = this.#database
        .statement(
          'UPDATE file_records SET next_attempt_at_ms = ? WHERE profile = ? AND next_attempt_at_ms > ?',
        )
        .run(nowMs, profile, nowMs);
      return Number(changes);
    });
  }

  putProcessingFirst(nowMs: number): Promise<number> {
    return this.#changes.submit(() => {
      const earliest = this.#database.all(
        `SELECT profile, min(next_attempt_at_ms) AS at FROM file_records INDEXED BY file_records_by_state
         WHERE current_state = 'incoming' AND next_attempt_at_ms IS NOT NULL GROUP BY profile`,
      );
      let brought = 0;
      for (const row of earliest) {
        const { changes } = this.#database
          .statement(
            `UPDATE file_records SET next_attempt_at_ms = ?1 - 1
             WHERE current_state = 'processing' AND profile = ?2
               AND next_attempt_at_ms >= ?1 AND next_attempt_at_ms <= ?3`,
          )
          .run(readInteger(row, 'at'), readText(row, 'profile'), nowMs);
        brought += Number(changes);
      }
      return brought;
    });
  }

  rewind(nowMs: number): Promise<number> {
    return this.#changes.submit(() => rewindTimes(this.#database, nowMs));
  }

  saveUpload(upload: Omit<UnfinishedUpload, 'parts'>): Promise<void> {
    return this.#uploads.save(upload);
  }

  savePart(recordId: number, part: PartRecord): Promise<void> {
    return this.#uploads.savePart(recordId, part);
  }

  upload(recordId: number): UnfinishedUpload | undefined {
    return this.#uploads.byRecord(recordId);
  }

  abandonedUploads(): UnfinishedUpload[] {
    return this.#uploads.abandoned();
  }

  dropUpload(recordId: number): Promise<void> {
    return this.#uploads.drop(recordId);
  }

  check(): void {
    this.#file.check();
  }

  async probe(): Promise<void> {
    this.check();
    await this.#changes.submit(() => {
      // Takes a page of the log, as any change does.
      const version = this.#database.first('PRAGMA user_version')?.user_version;
      this.#database.statement(`PRAGMA user_version = ${Number(version)}`).run();
    });
  }

  async close(): Promise<void> {
    await this.#changes.settle();
    await this.#database.close();
  }

  /** @param now when the change was asked for: its times are of that clock, which may be set before it is written */
  #apply(id: number, change: RecordChange, now = this.#now()): void {
    const { sql, values } = updateOf(id, change, now);
    this.#database.statement(sql).run(...values);
  }

  #now(): string {
    const nowMs = this.#clock.nowMs();
    if (nowMs !== this.#nowMs) {
      this.#nowMs = nowMs;
      this.#nowText = new Date(nowMs).toISOString();
    }
    return this.#nowText;
  }
}
