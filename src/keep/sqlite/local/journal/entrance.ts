import type { Clock } from '../../../../base/clock.ts';
import {
  type EnteringFile,
  type FileIdentity,
  type FileRecord,
  goneChange,
  type RecordChange,
} from '../../../local/journal.ts';
import type { Database } from '../../database.ts';
import type { RecordFinder } from './find-records.ts';
import { enteredRecord } from './rows.ts';

const INSERT = `INSERT INTO file_records (profile, bucket, filepath, file_creation_date, current_state, last_updated,
    size_bytes, mtime_ms, inode, ctime_ms, source, next_attempt_at_ms, hold, object_key, copied,
    adopts, entered_at_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const NOT_COPIED = 'UPDATE file_records SET copied = 0 WHERE id = ?';

/** As many records may begin while a file's record is on its way to the disk. */
const ENTERED_TOGETHER = 2048;

export interface EntranceOptions {
  readonly database: Database;
  readonly records: RecordFinder;
  readonly clock: Clock;
  /** Changes a record; `now` as it was when the change was asked for. */
  readonly apply: (id: number, change: RecordChange, now?: string) => void;
}

/**
 * Which record a file coming into view belongs to:
 *
 *   renamed while it waited                    that of its old name
 *   in the spool, announced by a copy          the announcement; what waits at that address is superseded
 *   one waits there already                    that one, brought up to date
 *   none of these                              a new one
 *
 * Everything here runs within the transaction of the change that it is part of, so that what entered a moment ago, in the
 * same group, is seen.
 */
export class Entrance {
  readonly #database: Database;
  readonly #records: RecordFinder;
  readonly #clock: Clock;
  readonly #apply: EntranceOptions['apply'];

  constructor({ database, records, clock, apply }: EntranceOptions) {
    this.#database = database;
    this.#records = records;
    this.#clock = clock;
    this.#apply = apply;
  }

  /** As the contract has it. @param now when it was asked for */
  enter(file: EnteringFile, now: string): FileRecord {
    const known =
      file.source === undefined
        ? (this.#waitingInSpool(file) ?? this.#renamedTo(file))
        : (this.#renamedTo(file) ?? this.#waitingAtSource(file));
    return known ? this.#bringUpToDate(known, file, now) : this.#insert(file, now);
  }

  /** A record that waits in incoming at the address of another, which takes its place: its file was replaced. */
  supersede(by: FileRecord): void {
    const older = this.#records.byAddress(by, 'incoming');
    if (!older || older.id === by.id) return;
    const message = 'a newer file of that name replaced it before it was delivered';
    this.#apply(older.id, { ...goneChange(message, this.#clock.nowMs()), errorCode: 'superseded' });
  }

  /**
   * Ends the record of a file that has another one by now: it was renamed before this one could be seen, or while it was
   * tried, and entered as new. What was never tried under this name goes.
   * @returns whether there is another one
   */
  giveWayToRenamed(record: FileRecord): boolean {
    if (!this.#isEnteredAgain(record)) return false;
    const message = 'it was renamed before it was delivered, and goes under its new name';
    if (record.attempts === 0)
      this.#database.statement('DELETE FROM file_records WHERE id = ?').run(record.id);
    else this.#apply(record.id, { ...goneChange(message, this.#clock.nowMs()), errorCode: 'superseded' });
    return true;
  }

  #isEnteredAgain({ id, state, size, mtimeMs, inode, source }: FileRecord): boolean {
    if (state !== 'incoming') return false;
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

  #insert(file: EnteringFile, now: string): FileRecord {
    const enteredAtMs = this.#clock.nowMs();
    const { lastInsertRowid } = this.#database
      .statement(INSERT)
      .run(
        file.profile,
        file.bucket,
        file.filepath,
        file.fileCreationDate,
        file.state,
        now,
        file.size,
        file.mtimeMs,
        file.inode,
        file.ctimeMs ?? null,
        file.source ?? null,
        file.nextAttemptAtMs,
        file.hold,
        file.objectKey ?? null,
        file.copied ? 1 : 0,
        file.adopts ? 1 : 0,
        enteredAtMs,
      );
    return enteredRecord(file, Number(lastInsertRowid), now, enteredAtMs);
  }

  #bringUpToDate(known: FileRecord, file: EnteringFile, now: string): FileRecord {
    const { size, mtimeMs, inode, state, fileCreationDate, nextAttemptAtMs, hold, ctimeMs } = file;
    const isUnchanged = isSame(known, file);
    // Saying what it is takes back that it was sent.
    const identity = isUnchanged ? {} : { size, mtimeMs, inode };
    const change = { ...identity, state, fileCreationDate, ctimeMs };
    // A try that is set for later keeps its time while the content is the same.
    const keepsTime = isUnchanged && known.nextAttemptAtMs !== null;
    const isWhole = known.copied && known.inode === inode;
    if (known.copied && !isWhole) this.#database.statement(NOT_COPIED).run(known.id);
    const waits =
      isWhole && hold === 'empty'
        ? { nextAttemptAtMs: this.#clock.nowMs(), hold: null }
        : { nextAttemptAtMs, hold };
    this.#apply(known.id, keepsTime ? change : { ...change, ...waits }, now);
    return this.#records.byId(known.id) as FileRecord;
  }

  #waitingInSpool(file: EnteringFile): FileRecord | undefined {
    if (file.state === 'completed' || file.state === 'failed') return undefined;
    if (file.state !== 'incoming') return this.#records.byAddress(file, file.state);
    // A copy's announcement belongs to the very file it made; another file of that name is another record.
    const announced = this.#records.byAddress(file, 'incoming_tmp');
    if (announced?.fileCreationDate !== file.fileCreationDate)
      return this.#records.byAddress(file, 'incoming');
    this.supersede(announced);
    return announced;
  }

  /** That of the same path, entered while this one was on its way here. */
  #waitingAtSource({ source = '', state, profile, bucket, filepath }: EnteringFile): FileRecord | undefined {
    const newest = this.#records.bySource(source);
    const isThis =
      newest?.state === state &&
      newest.profile === profile &&
      newest.bucket === bucket &&
      newest.filepath === filepath;
    return isThis ? newest : undefined;
  }

  /** The record of the file under the name that it had, brought to the one that it has. */
  #renamedTo(file: EnteringFile): FileRecord | undefined {
    const id = file.movedFrom ?? file.movedFromMissing;
    const record = id === undefined ? undefined : this.#records.byId(id);
    const waits = record?.state === 'incoming' && file.movedFrom !== undefined;
    const isIt = record && isSame(record, file) && (waits || record.errorCode === 'source_missing');
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
      droppedAtMs: null,
    });
    return this.#records.byId(record.id);
  }
}

function isSame(record: FileIdentity, file: FileIdentity): boolean {
  return record.size === file.size && record.mtimeMs === file.mtimeMs && record.inode === file.inode;
}
