import type { FileHold, FileState, FileTrouble, StateCounts } from '../../../local/journal.ts';
import type { Database } from '../../database.ts';
import { readInteger, readText, readTextOrNull } from '../../rows.ts';

/** Journal.counts. */
export function countStates(database: Database, nowMs: number): StateCounts {
  const counts = { incoming_tmp: 0, incoming: 0, processing: 0, completed: 0, failed: 0, waiting: 0 };
  const states = database
    .statement('SELECT current_state AS state, count(*) AS n FROM file_records GROUP BY current_state')
    .all();
  for (const { state, n } of states) counts[state as FileState] = Number(n);
  const later = database
    .statement(
      'SELECT count(*) AS n FROM file_records WHERE next_attempt_at_ms IS NOT NULL AND next_attempt_at_ms > ?',
    )
    .get(nowMs);
  const held = database.statement('SELECT count(*) AS n FROM file_records WHERE hold IS NOT NULL').get();
  return { ...counts, waiting: Number(later?.n) + Number(held?.n) };
}

/** Journal.retainedTotals. */
export function totalRetained(database: Database): { files: number; bytes: number } {
  const row = database
    .statement(
      `SELECT count(*) AS files, coalesce(sum(size_bytes), 0) AS bytes FROM file_records
       WHERE current_state = 'completed' AND removed_at_ms IS NULL AND source IS NULL AND verified IN ('checksum', 'size')`,
    )
    .get();
  return { files: Number(row?.files), bytes: Number(row?.bytes) };
}

/** Journal.missingBuckets. */
export function bucketsWaitedFor(database: Database): { profile: string; bucket: string }[] {
  return database
    .statement(`SELECT DISTINCT profile, bucket FROM file_records WHERE hold = 'bucket'`)
    .all()
    .map(row => ({ profile: String(row.profile), bucket: String(row.bucket) }));
}

/** Held files by what they wait for. */
export function countHeld(database: Database): Record<FileHold, number> {
  const counts: Record<FileHold, number> = { empty: 0, bucket: 0 };
  const rows = database
    .statement('SELECT hold, count(*) AS files FROM file_records WHERE hold IS NOT NULL GROUP BY hold')
    .all();
  for (const { hold, files } of rows) counts[hold as FileHold] = Number(files);
  return counts;
}

/** With the columns of one aggregate, SQLite takes the others from the row that has the maximum. */
const TROUBLES = `
  SELECT current_state AS state, error_code AS code, error_message AS example, count(*) AS count, max(last_updated) AS last_at
  FROM file_records INDEXED BY file_records_by_state
  WHERE current_state IN ('failed', 'processing') AND error_code IS NOT NULL AND removed_at_ms IS NULL
  GROUP BY current_state, error_code`;

/** Journal.troubles. */
export function troublesByCause(database: Database): FileTrouble[] {
  return database.all(TROUBLES).map(row => ({
    state: readText(row, 'state') === 'failed' ? ('failed' as const) : ('processing' as const),
    errorCode: readText(row, 'code'),
    count: readInteger(row, 'count'),
    example: readTextOrNull(row, 'example') ?? '',
    lastUpdated: readText(row, 'last_at'),
  }));
}
