import type { CloneChange, CloneRecord, CloneRecords } from '../../local/clone-records.ts';
import { readInteger, readText, readTextOrNull, type SqlRow } from '../../store/rows/columns.ts';
import type { Database } from '../database.ts';
import type { SqlValue } from '../values.ts';

function toRecord(row: SqlRow): CloneRecord {
  const location = readTextOrNull(row, 'cold_location');
  return {
    url: readText(row, 'url'),
    directory: readText(row, 'directory'),
    onDisk: readInteger(row, 'on_disk') === 1,
    bytes: readInteger(row, 'bytes'),
    sized: readInteger(row, 'sized') === 1,
    lean: readInteger(row, 'lean') === 1,
    lastUsedAtMs: readInteger(row, 'last_used_at_ms'),
    hits: readInteger(row, 'hits'),
    pinned: readInteger(row, 'pinned') === 1,
    cold:
      location === null
        ? null
        : {
            location,
            bytes: readInteger(row, 'cold_bytes'),
            crc32: readText(row, 'cold_crc32'),
            content: readText(row, 'cold_content'),
            atMs: readInteger(row, 'cold_at_ms'),
          },
  };
}

/** Columns and values that a change sets. */
function columnsOf({ cold, ...change }: CloneChange): [string, SqlValue][] {
  const plain: [string, SqlValue | boolean | undefined][] = [
    ['directory', change.directory],
    ['on_disk', change.onDisk],
    ['bytes', change.bytes],
    ['sized', change.sized],
    ['lean', change.lean],
    ['last_used_at_ms', change.lastUsedAtMs],
    ['hits', change.hits],
    ['pinned', change.pinned],
  ];
  if (cold !== undefined) {
    plain.push(['cold_location', cold?.location ?? null], ['cold_bytes', cold?.bytes ?? null]);
    plain.push(['cold_crc32', cold?.crc32 ?? null], ['cold_content', cold?.content ?? null]);
    plain.push(['cold_at_ms', cold?.atMs ?? null]);
  }
  return plain
    .filter((pair): pair is [string, SqlValue | boolean] => pair[1] !== undefined)
    .map(([column, value]) => [column, typeof value === 'boolean' ? Number(value) : value]);
}

const USE_SQL = `INSERT INTO clones (url, directory, last_used_at_ms, sized) VALUES (?, ?, ?, 0)
  ON CONFLICT (url) DO UPDATE SET last_used_at_ms = excluded.last_used_at_ms, directory = excluded.directory,
    sized = 0, hits = hits + on_disk`;

/** @param close what `CloneRecords.close` does; nothing by default, where the connection is somebody else's */
export function createCloneRecords(
  database: Database,
  close = async (): Promise<void> => undefined,
): CloneRecords {
  return {
    close,
    change: (url, change) =>
      database.write(() => {
        const insert = 'INSERT OR IGNORE INTO clones (url, directory) VALUES (?, ?)';
        database.statement(insert).run(url, change.directory);
        for (const [column, value] of columnsOf(change)) {
          database.statement(`UPDATE clones SET ${column} = ? WHERE url = ?`).run(value, url);
        }
      }),
    use: (url, directory, nowMs) =>
      database.write(() => {
        database.statement(USE_SQL).run(url, directory, nowMs);
      }),
    remove: url =>
      database.write(() => {
        database.statement('DELETE FROM clones WHERE url = ?').run(url);
      }),
    async byUrl(url) {
      const row = database.first('SELECT * FROM clones WHERE url = ?', url);
      return row && toRecord(row);
    },
    async list() {
      const sql = 'SELECT * FROM clones ORDER BY last_used_at_ms, url';
      return database.all(sql).map(toRecord);
    },
    async totals() {
      const sql = 'SELECT count(*) AS clones, total(bytes) AS bytes FROM clones WHERE on_disk = 1';
      const row = database.first(sql) ?? {};
      return { clones: readInteger(row, 'clones'), bytes: readInteger(row, 'bytes') };
    },
  };
}
