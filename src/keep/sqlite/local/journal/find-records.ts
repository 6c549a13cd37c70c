import type { ErrorCode } from '../../../../base/errors.ts';
import type {
  FileAddress,
  FileIdentity,
  FileRecord,
  FileState,
  Journal,
  ObjectNames,
} from '../../../local/journal.ts';
import type { Database } from '../../database.ts';
import { toRecord } from './rows.ts';

type Finding =
  | 'byId'
  | 'byAddress'
  | 'byIdentity'
  | 'deliveredBefore'
  | 'newerThan'
  | 'olderUnderWay'
  | 'bySource'
  | 'due'
  | 'nextDueMs'
  | 'inState'
  | 'retained'
  | 'smallestWaiting'
  | 'failedForKey'
  | 'waitingForKey';

const OF_SAME_OBJECT = `SELECT * FROM file_records INDEXED BY file_records_by_path
  WHERE filepath IN (SELECT value FROM json_each(?)) AND bucket = ? AND profile = ?
    AND ((filepath = ? AND source IS ?) OR coalesce(object_key, ? || filepath) = ?)`;

function sameObject(record: FileRecord, names: ObjectNames): (string | null)[] {
  const { bucket, profile, filepath, source } = record;
  const { filepaths, spoolPrefix, key } = names;
  return [JSON.stringify(filepaths), bucket, profile, filepath, source, spoolPrefix, key];
}

/** Finds records, each way by an index; what each answers is in the contract. It changes nothing. */
export class RecordFinder implements Pick<Journal, Finding> {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  byId(id: number): FileRecord | undefined {
    return this.#one('SELECT * FROM file_records WHERE id = ?', id);
  }

  byAddress({ profile, bucket, filepath }: FileAddress, state: FileState): FileRecord | undefined {
    return this.#one(
      `SELECT * FROM file_records INDEXED BY file_records_by_path
       WHERE filepath = ? AND bucket = ? AND profile = ? AND current_state = ? AND source IS NULL ORDER BY id DESC LIMIT 1`,
      filepath,
      bucket,
      profile,
      state,
    );
  }

  byIdentity({ size, mtimeMs, inode }: FileIdentity, place: 'spool' | 'folder'): FileRecord | undefined {
    return this.#one(
      `SELECT * FROM file_records INDEXED BY file_records_by_inode
       WHERE inode = ? AND (current_state = 'incoming' OR error_code = 'source_missing')
         AND size_bytes = ? AND mtime_ms = ? AND (source IS NULL) = ? ORDER BY id DESC LIMIT 1`,
      inode,
      size,
      mtimeMs,
      place === 'spool' ? 1 : 0,
    );
  }

  deliveredBefore({ id, source }: Pick<FileRecord, 'id' | 'source'>): FileRecord | undefined {
    return this.#one(
      `SELECT * FROM file_records WHERE source = ? AND id < ? AND upload_outcome = 'success'
       ORDER BY id DESC LIMIT 1`,
      source ?? '',
      id,
    );
  }

  newerThan(record: FileRecord, names: ObjectNames): FileRecord | undefined {
    return this.#one(
      `${OF_SAME_OBJECT} AND id > ?
         AND (current_state IN ('incoming', 'processing', 'completed') OR (current_state = 'failed' AND removed_at_ms IS NULL))
       ORDER BY id DESC LIMIT 1`,
      ...sameObject(record, names),
      record.id,
    );
  }

  olderUnderWay(record: FileRecord, names: ObjectNames): FileRecord[] {
    return this.#all(
      `${OF_SAME_OBJECT} AND id < ? AND current_state IN ('incoming', 'processing') ORDER BY id`,
      ...sameObject(record, names),
      record.id,
    );
  }

  bySource(path: string): FileRecord | undefined {
    return this.#one('SELECT * FROM file_records WHERE source = ? ORDER BY id DESC LIMIT 1', path);
  }

  due(profile: string, nowMs: number, limit: number, except: readonly number[] = []): FileRecord[] {
    return this.#all(
      `SELECT * FROM file_records INDEXED BY file_records_due
       WHERE profile = ? AND next_attempt_at_ms <= ? AND id NOT IN (SELECT value FROM json_each(?))
       ORDER BY next_attempt_at_ms LIMIT ?`,
      profile,
      nowMs,
      JSON.stringify(except),
      limit,
    );
  }

  nextDueMs(profile: string, afterMs: number): number | undefined {
    return this.#database.read(() => {
      const row = this.#database
        .statement(
          `SELECT min(next_attempt_at_ms) AS at FROM file_records INDEXED BY file_records_due
           WHERE profile = ? AND next_attempt_at_ms > ?`,
        )
        .get(profile, afterMs);
      return row?.at === null || row?.at === undefined ? undefined : Number(row.at);
    });
  }

  inState(state: FileState, afterId: number, limit: number): FileRecord[] {
    return this.#all(
      'SELECT * FROM file_records WHERE current_state = ? AND id > ? ORDER BY id LIMIT ?',
      state,
      afterId,
      limit,
    );
  }

  retained(limit: number): FileRecord[] {
    return this.#all(
      `SELECT * FROM file_records INDEXED BY file_records_proven
       WHERE current_state = 'completed' AND removed_at_ms IS NULL AND source IS NULL AND verified IN ('checksum', 'size')
       ORDER BY completed_at_ms LIMIT ?`,
      limit,
    );
  }

  smallestWaiting(
    { profile, bucket }: { readonly profile: string; readonly bucket?: string },
    except: readonly number[],
  ): FileRecord | undefined {
    const row = this.#database.first(
      `SELECT * FROM file_records INDEXED BY file_records_by_state
       WHERE current_state IN ('incoming', 'processing') AND profile = ? AND bucket = coalesce(?, bucket)
         AND (hold IS NULL OR hold = 'bucket_held') AND (hold IS NOT NULL OR next_attempt_at_ms IS NOT NULL)
         AND id NOT IN (SELECT value FROM json_each(?))
       ORDER BY size_bytes, id LIMIT 1`,
      profile,
      bucket ?? null,
      JSON.stringify(except),
    );
    return row && toRecord(row);
  }

  failedForKey(profile: string, codes: readonly ErrorCode[], keyMark: string): FileRecord[] {
    return this.#all(
      `SELECT * FROM file_records INDEXED BY file_records_by_state
       WHERE current_state = 'failed' AND removed_at_ms IS NULL AND profile = ? AND key_mark IS NOT NULL
         AND key_mark != ? AND error_code IN (SELECT value FROM json_each(?)) ORDER BY id`,
      profile,
      keyMark,
      JSON.stringify(codes),
    );
  }

  waitingForKey(profile: string, keyMark: string): FileRecord | undefined {
    return this.#one(
      `SELECT * FROM file_records INDEXED BY file_records_by_state
       WHERE current_state IN ('incoming', 'processing') AND profile = ? AND key_mark = ? AND error_answer = 'hold'
       ORDER BY last_updated DESC, id DESC LIMIT 1`,
      profile,
      keyMark,
    );
  }

  #one(sql: string, ...values: (string | number | null)[]): FileRecord | undefined {
    const row = this.#database.first(sql, ...values);
    return row && toRecord(row);
  }

  #all(sql: string, ...values: (string | number | null)[]): FileRecord[] {
    return this.#database.all(sql, ...values).map(toRecord);
  }
}
