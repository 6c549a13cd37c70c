import type { ErrorCode, FailureAnswer } from '../../../../base/errors.ts';
import type {
  Attempt,
  EnteringFile,
  FileHold,
  FileRecord,
  FileState,
  RecordChange,
  UploadOutcome,
} from '../../../local/journal.ts';
import {
  readInteger,
  readIntegerOrNull,
  readText,
  readTextOrNull,
  type SqlRow,
} from '../../../store/rows/columns.ts';

/** Columns by field. */
const COLUMNS: Readonly<Record<keyof Required<RecordChange>, string>> = {
  fileCreationDate: 'file_creation_date',
  state: 'current_state',
  outcome: 'upload_outcome',
  size: 'size_bytes',
  mtimeMs: 'mtime_ms',
  inode: 'inode',
  location: 'location',
  source: 'source',
  objectKey: 'object_key',
  failures: 'failures',
  nextAttemptAtMs: 'next_attempt_at_ms',
  hold: 'hold',
  errorCode: 'error_code',
  errorAnswer: 'error_answer',
  errorMessage: 'error_message',
  etag: 'etag',
  crc32: 'crc32',
  verified: 'verified',
  departure: 'departure',
  sentAtMs: 'sent_at_ms',
  keyMark: 'key_mark',
  ctimeMs: 'ctime_ms',
  completedAtMs: 'completed_at_ms',
  removedAtMs: 'removed_at_ms',
  droppedAtMs: 'dropped_at_ms',
};

const FIELDS = Object.keys(COLUMNS) as (keyof RecordChange)[];

/** Texts of the updates in use, by the set of fields that they change. */
const UPDATES = new Map<number, { readonly update: string; readonly tried: string }>();

/**
 * The update that a change asks for, and its values in order: the time of the change, the fields, the id. The text is
 * the same for the same fields, so its statement is prepared once.
 * @param isTry counts a try, too, and answers with its number
 */
export function updateOf(
  id: number,
  change: RecordChange,
  now: string,
  isTry = false,
): { readonly sql: string; readonly values: (string | number | null)[] } {
  const values: (string | number | null)[] = [now];
  let fields = 0;
  for (let index = 0; index < FIELDS.length; index += 1) {
    const field = FIELDS[index] as keyof RecordChange;
    const value = field === 'sentAtMs' ? sentAfter(change) : change[field];
    if (value === undefined) continue;
    fields |= 1 << index;
    values.push(value);
  }
  values.push(id);
  let texts = UPDATES.get(fields);
  if (!texts) {
    const columns = FIELDS.filter((_, index) => fields & (1 << index)).map(
      field => `, ${COLUMNS[field]} = ?`,
    );
    const set = `last_updated = ?${columns.join('')}`;
    texts = {
      update: `UPDATE file_records SET ${set} WHERE id = ?`,
      tried: `UPDATE file_records SET ${set}, attempts = attempts + 1 WHERE id = ? RETURNING attempts`,
    };
    UPDATES.set(fields, texts);
  }
  return { sql: isTry ? texts.tried : texts.update, values };
}

/** Another content has not been sent, whoever enters it. */
function sentAfter(change: RecordChange): number | null | undefined {
  const { sentAtMs, size, mtimeMs, inode } = change;
  const isOther = size !== undefined || mtimeMs !== undefined || inode !== undefined;
  return sentAtMs === undefined && isOther ? null : sentAtMs;
}

/** The record of a file that was entered just now, as reading its row would have it. */
export function enteredRecord(
  file: EnteringFile,
  id: number,
  lastUpdated: string,
  enteredAtMs: number,
): FileRecord {
  return {
    id,
    profile: file.profile,
    bucket: file.bucket,
    filepath: file.filepath,
    fileCreationDate: file.fileCreationDate,
    state: file.state,
    lastUpdated,
    outcome: null,
    size: file.size,
    mtimeMs: file.mtimeMs,
    inode: file.inode,
    location: null,
    source: file.source ?? null,
    objectKey: file.objectKey ?? null,
    attempts: 0,
    failures: 0,
    nextAttemptAtMs: file.nextAttemptAtMs,
    hold: file.hold,
    errorCode: null,
    errorAnswer: null,
    errorMessage: null,
    etag: null,
    crc32: null,
    verified: null,
    departure: null,
    sentAtMs: null,
    keyMark: null,
    ctimeMs: file.ctimeMs ?? null,
    copied: file.copied ?? false,
    adopts: file.adopts ?? false,
    completedAtMs: null,
    removedAtMs: null,
    enteredAtMs,
    droppedAtMs: null,
  };
}

export function toRecord(row: SqlRow): FileRecord {
  return {
    id: readInteger(row, 'id'),
    profile: readText(row, 'profile'),
    bucket: readText(row, 'bucket'),
    filepath: readText(row, 'filepath'),
    fileCreationDate: readText(row, 'file_creation_date'),
    state: readText(row, 'current_state') as FileState,
    lastUpdated: readText(row, 'last_updated'),
    outcome: readTextOrNull(row, 'upload_outcome') as UploadOutcome | null,
    size: readInteger(row, 'size_bytes'),
    mtimeMs: readInteger(row, 'mtime_ms'),
    inode: readInteger(row, 'inode'),
    location: readTextOrNull(row, 'location'),
    source: readTextOrNull(row, 'source'),
    objectKey: readTextOrNull(row, 'object_key'),
    attempts: readInteger(row, 'attempts'),
    failures: readInteger(row, 'failures'),
    nextAttemptAtMs: readIntegerOrNull(row, 'next_attempt_at_ms'),
    hold: readTextOrNull(row, 'hold') as FileHold | null,
    errorCode: readTextOrNull(row, 'error_code') as ErrorCode | null,
    errorAnswer: readTextOrNull(row, 'error_answer') as FailureAnswer | null,
    errorMessage: readTextOrNull(row, 'error_message'),
    etag: readTextOrNull(row, 'etag'),
    crc32: readTextOrNull(row, 'crc32'),
    verified: readTextOrNull(row, 'verified') as FileRecord['verified'],
    departure: readTextOrNull(row, 'departure'),
    sentAtMs: readIntegerOrNull(row, 'sent_at_ms'),
    keyMark: readTextOrNull(row, 'key_mark'),
    ctimeMs: readIntegerOrNull(row, 'ctime_ms'),
    copied: readInteger(row, 'copied') === 1,
    adopts: readInteger(row, 'adopts') === 1,
    completedAtMs: readIntegerOrNull(row, 'completed_at_ms'),
    removedAtMs: readIntegerOrNull(row, 'removed_at_ms'),
    enteredAtMs: readIntegerOrNull(row, 'entered_at_ms'),
    droppedAtMs: readIntegerOrNull(row, 'dropped_at_ms'),
  };
}

export function toAttempt(row: SqlRow): Attempt {
  return {
    number: readInteger(row, 'number'),
    startedAt: readText(row, 'started_at'),
    finishedAt: readText(row, 'finished_at'),
    outcome: readText(row, 'outcome') as UploadOutcome,
    errorAnswer: readTextOrNull(row, 'error_answer') as FailureAnswer | null,
    errorCode: readTextOrNull(row, 'error_code') as ErrorCode | null,
    errorMessage: readTextOrNull(row, 'error_message'),
  };
}
