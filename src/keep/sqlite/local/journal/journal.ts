import type { Clock } from '../../../../base/clock.ts';
import type { ErrorCode } from '../../../../base/errors.ts';
import {
  type Attempt,
  type EnteringFile,
  type FileAddress,
  type FileHold,
  type FileIdentity,
  type FileRecord,
  type FileState,
  type FileTrouble,
  goneChange,
  type HeldFiles,
  type Journal,
  type PartRecord,
  type RecordChange,
  type RecordFilter,
  type Released,
  type StateCounts,
  type UnfinishedUpload,
  type WaitingFiles,
} from '../../../local/journal.ts';
import type { Database } from '../../database.ts';
import { GroupCommit } from '../../group-commit.ts';
import { OpenedDatabaseFile } from '../../opened-database-file.ts';
import { readInteger, readText } from '../../rows.ts';
import { RecordFinder } from './find-records.ts';
import { listRecords } from './list.ts';
import { rewindTimes } from './rewind.ts';
import { toAttempt, toRecord, updateOf } from './rows.ts';
import {
  bucketsWaitedFor,
  countBelow,
  countHeld,
  countStates,
  countUnproven,
  countWaiting,
  heldByPlace,
  rangeBelow,
  totalRetained,
  troublesByCause,
} from './totals.ts';
import { UploadRows } from './uploads.ts';

const INSERT = `INSERT INTO file_records (profile, bucket, filepath, file_creation_date, current_state, last_updated,
    size_bytes, mtime_ms, inode, ctime_ms, source, next_attempt_at_ms, hold, object_key, copied)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`;

const NOT_COPIED = 'UPDATE file_records SET copied = 0 WHERE id = ?';

/** As many records may begin while a file's record is on its way to the disk. */
const ENTERED_TOGETHER = 2048;

/** Journal in SQLite; the contract is in journal.ts. */
export class SqliteJournal implements Journal {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #changes: GroupCommit;
  readonly #uploads: UploadRows;
  readonly #records: RecordFinder;
  readonly #file: OpenedDatabaseFile;
  /** The last time asked for, and its text: many changes of one group have the same. */
  #nowMs = Number.NaN;
  #nowText = '';

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#records = new RecordFinder(database);
    this.#file = new OpenedDatabaseFile(database.path);
    this.#clock = clock;
    this.#changes = new GroupCommit(database, { clock, durable: true });
    this.#uploads = new UploadRows(database, this.#changes);
  }

  enter(file: EnteringFile): Promise<FileRecord> {
    const now = this.#now();
    return this.#changes.submit(() => {
      const { size, mtimeMs, inode, state, fileCreationDate, nextAttemptAtMs, hold, source } = file;
      const known =
        (source === undefined ? this.#recordTakenOverBy(file) : undefined) ?? this.#renamedTo(file);
      if (known) {
        const change = { size, mtimeMs, inode, state, fileCreationDate };
        // A try that is set for later keeps its time while the content is the same.
        const keepsTime = isSame(known, file) && known.nextAttemptAtMs !== null;
        const isWhole = known.copied && known.inode === inode;
        if (known.copied && !isWhole) this.#database.statement(NOT_COPIED).run(known.id);
        const waits =
          isWhole && hold === 'empty'
            ? { nextAttemptAtMs: this.#clock.nowMs(), hold: null }
            : { nextAttemptAtMs, hold };
        this.#apply(known.id, keepsTime ? change : { ...change, ...waits }, now);
        return this.byId(known.id) as FileRecord;
      }
      const values = [file.profile, file.bucket, file.filepath, fileCreationDate, state, now];
      const row = this.#database.first(
        INSERT,
        ...values,
        size,
        mtimeMs,
        inode,
        file.ctimeMs ?? null,
        source ?? null,
        nextAttemptAtMs,
        hold,
        file.objectKey ?? null,
        file.copied ? 1 : 0,
      );
      return toRecord(row ?? {});
    });
  }

  async change(id: number, change: RecordChange): Promise<void> {
    const now = this.#now();
    await this.#changes.submit(() => this.#apply(id, change, now));
  }

  changeIf(id: number, state: FileState, change: RecordChange): Promise<boolean> {
    return this.#changes.submit(() => {
      const record = this.byId(id);
      if (record?.state !== state) return false;
      if (change.state === 'incoming') this.#supersede(record);
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
      if (this.#isEnteredAgain(now)) {
        this.#database.statement('DELETE FROM file_records WHERE id = ?').run(now.id);
        return false;
      }
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

  newerThan(record: FileRecord): FileRecord | undefined {
    return this.#records.newerThan(record);
  }

  bySource(path: string): FileRecord | undefined {
    return this.#records.bySource(path);
  }

  due(profile: string, nowMs: number, limit: number): FileRecord[] {
    return this.#records.due(profile, nowMs, limit);
  }

  nextDueMs(profile: string, afterMs: number): number | undefined {
    return this.#records.nextDueMs(profile, afterMs);
  }

  list(filter: RecordFilter): FileRecord[] {
    return this.#database.read(() => listRecords(this.#database, filter));
  }

  attempts(id: number): Attempt[] {
    return this.#database
      .all('SELECT * FROM attempts WHERE record_id = ? ORDER BY number', id)
      .map(toAttempt);
  }

  counts(): StateCounts {
    return this.#database.read(() => countStates(this.#database, this.#clock.nowMs()));
  }

  troubles(): FileTrouble[] {
    return this.#database.read(() => troublesByCause(this.#database));
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

  /** The record that a file coming into view belongs to. */
  #recordTakenOverBy(file: EnteringFile): FileRecord | undefined {
    if (file.state === 'completed' || file.state === 'failed') return undefined;
    if (file.state !== 'incoming') return this.byAddress(file, file.state);
    // A copy's announcement belongs to the very file it made; another file of that name is another record.
    const announced = this.byAddress(file, 'incoming_tmp');
    if (announced?.fileCreationDate !== file.fileCreationDate) return this.byAddress(file, 'incoming');
    this.#supersede(announced);
    return announced;
  }

  /**
   * Whether the very file, never tried under this name, has another record: it was renamed before this one could be
   * seen, and entered as new.
   */
  #isEnteredAgain({ id, state, attempts, size, mtimeMs, inode, source }: FileRecord): boolean {
    if (state !== 'incoming' || attempts > 0) return false;
    const again = this.#database.first(
      `SELECT id FROM file_records WHERE id > ? AND id <= ? AND inode = ? AND size_bytes = ? AND mtime_ms = ?
         AND (source IS NULL) = ? AND error_code IS NOT 'source_missing' LIMIT 1`,
      id,
      id + ENTERED_TOGETHER,
      inode,
      size,
      mtimeMs,
      source === null ? 1 : 0,
    );
    return again !== undefined;
  }

  /** The record of the file under the name that it had, brought to the one that it has. */
  #renamedTo(file: EnteringFile): FileRecord | undefined {
    const record = file.movedFrom === undefined ? undefined : this.byId(file.movedFrom);
    const isIt =
      record &&
      isSame(record, file) &&
      (record.state === 'incoming' || record.errorCode === 'source_missing');
    if (!isIt) return undefined;
    this.#database
      .statement('UPDATE file_records SET profile = ?, bucket = ?, filepath = ? WHERE id = ?')
      .run(file.profile, file.bucket, file.filepath, record.id);
    this.#apply(record.id, {
      state: 'incoming',
      outcome: null,
      source: file.source ?? null,
      objectKey: file.objectKey ?? null,
      nextAttemptAtMs: file.nextAttemptAtMs,
      hold: file.hold,
      errorCode: null,
      errorAnswer: null,
      errorMessage: null,
      removedAtMs: null,
    });
    return this.byId(record.id);
  }

  /** A record that waits in incoming at the address of another, which takes its place: its file was replaced. */
  #supersede(by: FileRecord): void {
    const older = this.byAddress(by, 'incoming');
    if (!older || older.id === by.id) return;
    const message = 'a newer file of that name replaced it before it was delivered';
    this.#apply(older.id, goneChange(message, this.#clock.nowMs()));
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

function isSame(record: FileRecord, file: EnteringFile): boolean {
  return record.size === file.size && record.mtimeMs === file.mtimeMs && record.inode === file.inode;
}
