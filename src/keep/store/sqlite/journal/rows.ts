import type { ErrorCode, RetryClass } from '../../../../base/errors.ts';
import type { Attempt, FileRecord, FileState, Hold, RecordChange, UploadOutcome } from '../../journal.ts';
import type { SqlRow } from '../../store.ts';
import { integer, integerOrNull, text, textOrNull } from '../rows.ts';

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
  errorClass: 'error_class',
  errorMessage: 'error_message',
  etag: 'etag',
  crc32: 'crc32',
  verified: 'verified',
  completedAtMs: 'completed_at_ms',
  removedAtMs: 'removed_at_ms',
};

const FIELDS = Object.keys(COLUMNS) as (keyof RecordChange)[];

/** `SET` list and values of a change; the text is the same for the same fields, so its statement is prepared once. */
export function setList(change: RecordChange): { sql: string; values: (string | number | null)[] } {
  const fields = FIELDS.filter(field => change[field] !== undefined);
  return {
    sql: fields.map(field => `, ${COLUMNS[field]} = ?`).join(''),
    values: fields.map(field => change[field] as string | number | null),
  };
}

export function toRecord(row: SqlRow): FileRecord {
  return {
    id: integer(row, 'id'),
    profile: text(row, 'profile'),
    bucket: text(row, 'bucket'),
    filepath: text(row, 'filepath'),
    fileCreationDate: text(row, 'file_creation_date'),
    state: text(row, 'current_state') as FileState,
    lastUpdated: text(row, 'last_updated'),
    outcome: textOrNull(row, 'upload_outcome') as UploadOutcome | null,
    size: integer(row, 'size_bytes'),
    mtimeMs: integer(row, 'mtime_ms'),
    inode: integer(row, 'inode'),
    location: textOrNull(row, 'location'),
    source: textOrNull(row, 'source'),
    objectKey: textOrNull(row, 'object_key'),
    attempts: integer(row, 'attempts'),
    failures: integer(row, 'failures'),
    nextAttemptAtMs: integerOrNull(row, 'next_attempt_at_ms'),
    hold: textOrNull(row, 'hold') as Hold | null,
    errorCode: textOrNull(row, 'error_code') as ErrorCode | null,
    errorClass: textOrNull(row, 'error_class') as RetryClass | null,
    errorMessage: textOrNull(row, 'error_message'),
    etag: textOrNull(row, 'etag'),
    crc32: textOrNull(row, 'crc32'),
    verified: textOrNull(row, 'verified') as FileRecord['verified'],
    completedAtMs: integerOrNull(row, 'completed_at_ms'),
    removedAtMs: integerOrNull(row, 'removed_at_ms'),
  };
}

export function toAttempt(row: SqlRow): Attempt {
  return {
    number: integer(row, 'number'),
    startedAt: text(row, 'started_at'),
    finishedAt: text(row, 'finished_at'),
    outcome: text(row, 'outcome') as UploadOutcome,
    errorClass: textOrNull(row, 'error_class') as RetryClass | null,
    errorCode: textOrNull(row, 'error_code') as ErrorCode | null,
    errorMessage: textOrNull(row, 'error_message'),
  };
}
