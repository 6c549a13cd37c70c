import type { FileHold, FileState, StateCounts } from '../../../local/journal.ts';
import type { Database } from '../../database.ts';

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

/** Journal.keptTotals. */
export function totalKept(database: Database): { files: number; bytes: number } {
  const row = database
    .statement(
      `SELECT count(*) AS files, coalesce(sum(size_bytes), 0) AS bytes FROM file_records
       WHERE current_state = 'completed' AND removed_at_ms IS NULL AND source IS NULL`,
    )
    .get();
  return { files: Number(row?.files), bytes: Number(row?.bytes) };
}

/** Journal.heldBuckets. */
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
