import type { ErrorCode, RetryClass } from '../../../../base/errors.ts';
import type {
  Attempt,
  FileHold,
  FileRecord,
  FileState,
  RecordChange,
  UploadOutcome,
} from '../../../local/journal.ts';
import { integer, integerOrNull, type SqlRow, text, textOrNull } from '../../rows.ts';

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

/** Texts of the updates in use, by the set of fields that they change. */
const UPDATES = new Map<number, { readonly update: string; readonly tried: string }>();

/**
 * The update that a change asks for, and its values in order: the time of the change, the fields, the id. The text is the same for
 * the same fields, so its statement is prepared once.
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
    const value = change[FIELDS[index] as keyof RecordChange];
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
    hold: textOrNull(row, 'hold') as FileHold | null,
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
