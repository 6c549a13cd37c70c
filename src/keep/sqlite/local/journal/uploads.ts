import type { PartRecord, UnfinishedUpload } from '../../../local/journal.ts';
import { readInteger, readText, readTextOrNull, type SqlRow } from '../../../store/rows/columns.ts';
import type { Database } from '../../database.ts';
import type { GroupCommit } from '../../group-commit.ts';

const SELECT = `SELECT uploads.*, file_records.bucket FROM uploads JOIN file_records ON file_records.id = record_id`;

function toPart(row: SqlRow): PartRecord {
  return {
    partNumber: readInteger(row, 'part_number'),
    etag: readText(row, 'etag'),
    size: readInteger(row, 'size_bytes'),
    crc32: readTextOrNull(row, 'crc32') ?? undefined,
  };
}

/** The journal's part about uploads in parts. */
export class UploadRows {
  readonly #database: Database;
  readonly #changes: GroupCommit;

  constructor(database: Database, changes: GroupCommit) {
    this.#database = database;
    this.#changes = changes;
  }

  async save(unfinished: Omit<UnfinishedUpload, 'parts'>): Promise<void> {
    const { recordId, upload, partBytes, size, mtimeMs, inode, startedAtMs } = unfinished;
    await this.#changes.submit(() => {
      this.#database.statement('DELETE FROM uploads WHERE record_id = ?').run(recordId);
      this.#database
        .statement(
          `INSERT INTO uploads (record_id, upload_id, object_key, part_bytes, size_bytes, mtime_ms, inode, started_at_ms)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(recordId, upload.uploadId, upload.key, partBytes, size, mtimeMs, inode, startedAtMs);
    });
  }

  async savePart(recordId: number, part: PartRecord): Promise<void> {
    await this.#changes.submit(() =>
      this.#database
        .statement(
          `INSERT OR REPLACE INTO upload_parts (record_id, part_number, etag, size_bytes, crc32)
           SELECT record_id, ?, ?, ?, ? FROM uploads WHERE record_id = ?`,
        )
        .run(part.partNumber, part.etag, part.size, part.crc32 ?? null, recordId),
    );
  }

  byRecord(recordId: number): UnfinishedUpload | undefined {
    const row = this.#database.first(`${SELECT} WHERE record_id = ?`, recordId);
    return row && this.#toUpload(row);
  }

  abandoned(): UnfinishedUpload[] {
    return this.#database
      .all(`${SELECT} WHERE current_state IN ('completed', 'failed') LIMIT 1000`)
      .map(row => this.#toUpload(row));
  }

  async drop(recordId: number): Promise<void> {
    await this.#changes.submit(() =>
      this.#database.statement('DELETE FROM uploads WHERE record_id = ?').run(recordId),
    );
  }

  #toUpload(row: SqlRow): UnfinishedUpload {
    const recordId = readInteger(row, 'record_id');
    const parts = this.#database
      .all('SELECT * FROM upload_parts WHERE record_id = ? ORDER BY part_number', recordId)
      .map(toPart);
    return {
      recordId,
      upload: {
        bucket: readText(row, 'bucket'),
        key: readText(row, 'object_key'),
        uploadId: readText(row, 'upload_id'),
      },
      partBytes: readInteger(row, 'part_bytes'),
      size: readInteger(row, 'size_bytes'),
      mtimeMs: readInteger(row, 'mtime_ms'),
      inode: readInteger(row, 'inode'),
      startedAtMs: readInteger(row, 'started_at_ms'),
      parts,
    };
  }
}
