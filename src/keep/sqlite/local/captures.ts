import type {
  CapturedFile,
  CaptureFilter,
  CaptureJournal,
  CaptureLineage,
  CollectorTotals,
  CompletionReason,
  FreedSpace,
  UnsentCapture,
} from '../../local/captures.ts';
import type { FileState } from '../../local/journal.ts';
import {
  readInteger,
  readIntegerOrNull,
  readText,
  readTextOrNull,
  type SqlRow,
} from '../../store/rows/columns.ts';
import type { Database } from '../database.ts';

const INSERT = `INSERT INTO capture_files (collector, method, profile, bucket, filepath, readings, size_bytes, first_at,
    last_at, interval_ms, tags, station, reason, completed_at_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (profile, bucket, filepath) DO UPDATE SET readings = excluded.readings, size_bytes = excluded.size_bytes,
    first_at = excluded.first_at, last_at = excluded.last_at`;

const UNSENT_COLUMNS = `capture_files.id, capture_files.profile, capture_files.bucket, capture_files.filepath,
  capture_files.size_bytes AS bytes, readings`;

/** Of the files that delivery knows: those that wait, by the records that do, which are few beside those that ended. */
const WAITING = `SELECT ${UNSENT_COLUMNS}, record.id AS record_id, record.current_state AS state
  FROM file_records AS record INDEXED BY file_records_by_state
  JOIN capture_files USING (profile, bucket, filepath)
  WHERE record.current_state IN ('incoming_tmp', 'incoming', 'processing', 'failed')
    AND record.removed_at_ms IS NULL AND lost_at_ms IS NULL
    AND NOT EXISTS (SELECT 1 FROM file_records AS newer WHERE newer.filepath = record.filepath
      AND newer.bucket = record.bucket AND newer.profile = record.profile AND newer.id > record.id)`;

/** Of files that delivery does not know yet. */
const UNKNOWN = `lost_at_ms IS NULL AND NOT EXISTS (SELECT 1 FROM file_records AS record
  WHERE record.filepath = capture_files.filepath AND record.bucket = capture_files.bucket
    AND record.profile = capture_files.profile)`;

/** `CaptureJournal` on SQLite. Its connection is `synchronous: full`: commits are on the disk when they return. */
export class SqliteCaptures implements CaptureJournal {
  readonly #database: Database;
  /** Files that had no record when that was last looked for, and the newest file that there was then. */
  #unknown: ReadonlySet<number> = new Set();
  #lookedUpTo = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  enter(files: readonly CapturedFile[]): Promise<void> {
    return this.#database.write(() => {
      const insert = this.#database.statement(INSERT);
      for (const file of files) {
        insert.run(
          file.collector,
          file.method,
          file.profile,
          file.bucket,
          file.filepath,
          file.readings,
          file.bytes,
          file.firstAt,
          file.lastAt,
          file.intervalMs,
          JSON.stringify(file.tags),
          file.station,
          file.reason,
          file.completedAtMs,
        );
      }
    });
  }

  async markLost(id: number, atMs: number): Promise<void> {
    await this.#database.write(() =>
      this.#database.statement('UPDATE capture_files SET lost_at_ms = ? WHERE id = ?').run(atMs, id),
    );
  }

  recordFreed(rows: readonly FreedSpace[]): Promise<void> {
    return this.#database.write(() => {
      for (const { atMs, step, path, files, bytes, readings, lost } of rows) {
        this.#database
          .statement(
            'INSERT INTO disk_freed (at_ms, step, path, files, bytes, readings, lost) VALUES (?, ?, ?, ?, ?, ?, ?)',
          )
          .run(atMs, step, path, files, bytes, readings, lost ? 1 : 0);
      }
    });
  }

  byId(id: number): CaptureLineage | undefined {
    return this.#database.all('SELECT * FROM capture_lineage WHERE id = ?', id).map(toLineage)[0];
  }

  list({ collector, reverse = false, afterId, offset = 0, limit }: CaptureFilter): CaptureLineage[] {
    const [sign, direction, end] = reverse
      ? (['>', 'ASC', 0] as const)
      : (['<', 'DESC', Number.MAX_SAFE_INTEGER] as const);
    const of = collector === undefined ? [] : [collector];
    // What became of a file is looked up only of those on the page.
    const sql = `SELECT * FROM capture_lineage WHERE id IN (
        SELECT id FROM capture_files WHERE ${of.length > 0 ? 'collector = ? AND' : ''} id ${sign} ?
        ORDER BY id ${direction} LIMIT ? OFFSET ?)
      ORDER BY id ${direction}`;
    return this.#database.all(sql, ...of, afterId ?? end, limit, offset).map(toLineage);
  }

  totals(): CollectorTotals[] {
    return this.#database.all('SELECT * FROM capture_totals ORDER BY collector').map(row => ({
      collector: readText(row, 'collector'),
      files: readInteger(row, 'files'),
      readings: readInteger(row, 'readings'),
      bytes: readInteger(row, 'bytes'),
      delivered: readInteger(row, 'delivered'),
      lost: readInteger(row, 'lost'),
      lostReadings: readInteger(row, 'lost_readings'),
    }));
  }

  unsent(): UnsentCapture[] {
    const unknown = this.#unknownToDelivery();
    return [...this.#database.all(WAITING), ...unknown].map(row => ({
      id: readInteger(row, 'id'),
      profile: readText(row, 'profile'),
      bucket: readText(row, 'bucket'),
      filepath: readText(row, 'filepath'),
      recordId: readIntegerOrNull(row, 'record_id'),
      state: readTextOrNull(row, 'state') as FileState | null,
      bytes: readInteger(row, 'bytes'),
      readings: readInteger(row, 'readings'),
    }));
  }

  /** Files without a record: a file that has one keeps it, so only new ones and those of the last time are looked at. */
  #unknownToDelivery(): SqlRow[] {
    const rows = this.#database.all(
      `SELECT ${UNSENT_COLUMNS}, NULL AS record_id, NULL AS state FROM capture_files
       WHERE (id > ? OR id IN (SELECT value FROM json_each(?))) AND ${UNKNOWN}`,
      this.#lookedUpTo,
      JSON.stringify([...this.#unknown]),
    );
    const [last] = this.#database.all('SELECT coalesce(max(id), 0) AS id FROM capture_files');
    this.#lookedUpTo = last ? readInteger(last, 'id') : 0;
    this.#unknown = new Set(rows.map(row => readInteger(row, 'id')));
    return rows;
  }

  listFreed(limit: number): FreedSpace[] {
    return this.#database.all('SELECT * FROM disk_freed ORDER BY id DESC LIMIT ?', limit).map(row => ({
      atMs: readInteger(row, 'at_ms'),
      step: readText(row, 'step'),
      path: readTextOrNull(row, 'path'),
      files: readInteger(row, 'files'),
      bytes: readInteger(row, 'bytes'),
      readings: readInteger(row, 'readings'),
      lost: readInteger(row, 'lost') === 1,
    }));
  }

  freedTotals() {
    const [row] = this.#database.all(
      `SELECT coalesce(sum(bytes), 0) AS bytes, coalesce(sum(files * lost), 0) AS lostFiles,
         coalesce(sum(readings * lost), 0) AS lostReadings,
         coalesce(sum(files) FILTER (WHERE step = 'completed'), 0) AS keptFiles,
         coalesce(sum(bytes) FILTER (WHERE step = 'completed'), 0) AS keptBytes FROM disk_freed`,
    );
    const of = (name: string): number => (row ? readInteger(row, name) : 0);
    return {
      bytes: of('bytes'),
      lostFiles: of('lostFiles'),
      lostReadings: of('lostReadings'),
      keptFiles: of('keptFiles'),
      keptBytes: of('keptBytes'),
    };
  }

  oldestWaiting() {
    const rows = (['incoming', 'processing'] as const).flatMap(state =>
      this.#database.all(
        `SELECT filepath, file_creation_date AS at FROM file_records INDEXED BY file_records_by_state
         WHERE current_state = ? ORDER BY id LIMIT 1`,
        state,
      ),
    );
    return rows
      .map(row => ({ filepath: readText(row, 'filepath'), createdAtMs: Date.parse(readText(row, 'at')) }))
      .sort((a, b) => a.createdAtMs - b.createdAtMs)[0];
  }

  waitingTotals() {
    const [row] = this.#database.all(
      `SELECT count(*) AS files, coalesce(sum(size_bytes), 0) AS bytes FROM file_records
       WHERE current_state IN ('incoming', 'processing')`,
    );
    return { files: row ? readInteger(row, 'files') : 0, bytes: row ? readInteger(row, 'bytes') : 0 };
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

function toLineage(row: SqlRow): CaptureLineage {
  return {
    id: readInteger(row, 'id'),
    collector: readText(row, 'collector'),
    method: readText(row, 'method'),
    profile: readText(row, 'profile'),
    bucket: readText(row, 'bucket'),
    filepath: readText(row, 'filepath'),
    readings: readInteger(row, 'readings'),
    bytes: readInteger(row, 'size_bytes'),
    firstAt: readText(row, 'first_at'),
    lastAt: readText(row, 'last_at'),
    intervalMs: readIntegerOrNull(row, 'interval_ms'),
    tags: JSON.parse(readText(row, 'tags')) as string[],
    station: readText(row, 'station'),
    reason: readText(row, 'reason') as CompletionReason,
    completedAtMs: readInteger(row, 'completed_at_ms'),
    recordId: readIntegerOrNull(row, 'record_id'),
    state: readTextOrNull(row, 'state') as FileState | null,
    objectKey: readTextOrNull(row, 'object_key'),
    deliveredAtMs: readIntegerOrNull(row, 'delivered_at_ms'),
    lostAtMs: readIntegerOrNull(row, 'lost_at_ms'),
  };
}
