import type {
  FileHold,
  FileState,
  FileTrouble,
  HeldFiles,
  StateCounts,
  UnsettledFiles,
  WaitingFiles,
} from '../../../local/journal.ts';
import { readInteger, readIntegerOrNull, readText, readTextOrNull } from '../../../store/rows/columns.ts';
import type { Database } from '../../database.ts';

/** Journal.counts. */
export function countStates(database: Database, nowMs: number): StateCounts {
  const counts = { incoming_tmp: 0, incoming: 0, processing: 0, completed: 0, failed: 0, waiting: 0 };
  const states = database
    .statement(
      `SELECT current_state AS state, count(*) AS n FROM file_records INDEXED BY file_records_by_state
       WHERE current_state IN ('incoming_tmp', 'incoming', 'processing', 'failed') GROUP BY current_state
       UNION ALL SELECT 'completed', files FROM completed_total`,
    )
    .all();
  for (const { state, n } of states) counts[state as FileState] = Number(n);
  const later = database
    .statement(
      'SELECT count(*) AS n FROM file_records WHERE next_attempt_at_ms IS NOT NULL AND next_attempt_at_ms > ?',
    )
    .get(nowMs);
  const held = database.statement('SELECT count(*) AS n FROM file_records WHERE hold IS NOT NULL').get();
  const dropped = database
    .statement(
      `SELECT count(*) AS n FROM file_records INDEXED BY file_records_dropped
       WHERE dropped_at_ms IS NOT NULL AND current_state = 'failed'`,
    )
    .get();
  const failed = counts.failed - Number(dropped?.n);
  return { ...counts, failed, waiting: Number(later?.n) + Number(held?.n) };
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
  const counts: Record<FileHold, number> = { empty: 0, bucket: 0, bucket_held: 0, folder_held: 0 };
  const rows = database
    .statement('SELECT hold, count(*) AS files FROM file_records WHERE hold IS NOT NULL GROUP BY hold')
    .all();
  for (const { hold, files } of rows) counts[hold as FileHold] = Number(files);
  return counts;
}

/** Journal.heldFiles. */
export function heldByPlace(database: Database): HeldFiles[] {
  const sql = `SELECT hold, profile, bucket, source, error_code AS code, error_message AS message, count(*) AS files
    FROM file_records INDEXED BY file_records_held WHERE hold IS NOT NULL GROUP BY hold, profile, bucket`;
  return database.all(sql).map(row => ({
    hold: readText(row, 'hold') as FileHold,
    profile: readText(row, 'profile'),
    bucket: readText(row, 'bucket'),
    source: readTextOrNull(row, 'source'),
    errorCode: readTextOrNull(row, 'code'),
    errorMessage: readTextOrNull(row, 'message'),
    files: readInteger(row, 'files'),
  }));
}

const ON_THEIR_WAY = `current_state IN ('incoming', 'processing')`;

/** Journal.oldestWaitingMs. Records are numbered in the order in which files come. */
export function oldestOnItsWay(database: Database): number | undefined {
  const times = (['incoming', 'processing'] as const).map(state => {
    const row = database.first(
      'SELECT entered_at_ms FROM file_records INDEXED BY file_records_by_state WHERE current_state = ? ORDER BY id LIMIT 1',
      state,
    );
    return row ? readIntegerOrNull(row, 'entered_at_ms') : null;
  });
  const known = times.filter(time => time !== null);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Journal.waitingFiles. */
export function countWaiting(database: Database): WaitingFiles[] {
  const sql = `SELECT profile, bucket, count(*) AS files, sum(size_bytes) AS bytes
    FROM file_records INDEXED BY file_records_by_state WHERE ${ON_THEIR_WAY} GROUP BY profile, bucket`;
  return database.all(sql).map(row => ({
    profile: readText(row, 'profile'),
    bucket: readText(row, 'bucket'),
    files: readInteger(row, 'files'),
    bytes: readInteger(row, 'bytes'),
  }));
}

/** Journal.waitingBelow. */
export function countBelow(database: Database, folder: string): number {
  const sql = `SELECT count(*) AS files FROM file_records INDEXED BY file_records_source
    WHERE source >= ? AND source < ? AND ${ON_THEIR_WAY}`;
  const row = database.statement(sql).get(...rangeBelow(folder));
  return Number(row?.files);
}

/** Every path below a folder is at least the first and less than the second: `0` follows `/`. */
export function rangeBelow(folder: string): [string, string] {
  return [`${folder}/`, `${folder}0`];
}

/** Journal.unproven. */
export function countUnproven(database: Database): { files: number; bytes: number } {
  const sql = `SELECT count(*) AS files, coalesce(sum(size_bytes), 0) AS bytes FROM (
      SELECT size_bytes FROM file_records INDEXED BY file_records_unproven
      WHERE current_state = 'completed' AND removed_at_ms IS NULL AND source IS NULL AND verified = 'none'
      UNION ALL
      SELECT size_bytes FROM file_records INDEXED BY file_records_sent
      WHERE sent_at_ms IS NOT NULL AND verified IS NULL)`;
  const row = database.statement(sql).get();
  return { files: Number(row?.files), bytes: Number(row?.bytes) };
}

/** As below, of the minimum. */
const UNSETTLED = `
  SELECT current_state AS state, profile, bucket, hold, error_code AS code,
         CASE WHEN next_attempt_at_ms IS NULL THEN 'never' WHEN next_attempt_at_ms > ?1 THEN 'later'
              WHEN next_attempt_at_ms < ?2 THEN 'late' ELSE 'due' END AS next,
         removed_at_ms IS NOT NULL AS gone, count(*) AS files, sum(size_bytes) AS bytes,
         min(iif(current_state = 'failed' OR entered_at_ms IS NULL, unixepoch(last_updated) * 1000, entered_at_ms)) AS since_ms,
         filepath, source, error_message AS message
    FROM file_records INDEXED BY file_records_by_state
   WHERE current_state IN ('incoming_tmp', 'incoming', 'processing', 'failed') AND dropped_at_ms IS NULL
   GROUP BY current_state, profile, bucket, hold, error_code, next, gone`;

/** Journal.unsettled. */
export function countUnsettled(database: Database, nowMs: number, lateMs: number): UnsettledFiles[] {
  return database.all(UNSETTLED, nowMs, nowMs - lateMs).map(row => ({
    state: readText(row, 'state') as UnsettledFiles['state'],
    profile: readText(row, 'profile'),
    bucket: readText(row, 'bucket'),
    hold: readTextOrNull(row, 'hold') as FileHold | null,
    errorCode: readTextOrNull(row, 'code'),
    next: readText(row, 'next') as UnsettledFiles['next'],
    isGone: readInteger(row, 'gone') === 1,
    files: readInteger(row, 'files'),
    bytes: readInteger(row, 'bytes'),
    sinceMs: readInteger(row, 'since_ms'),
    example: {
      filepath: readText(row, 'filepath'),
      source: readTextOrNull(row, 'source'),
      message: readTextOrNull(row, 'message'),
    },
  }));
}

/** With the columns of one aggregate, SQLite takes the others from the row that has the maximum. */
const TROUBLES = `
  SELECT iif(current_state = 'failed', 'failed', 'processing') AS state, error_code AS code, error_message AS example, count(*) AS count, max(last_updated) AS last_at
  FROM file_records INDEXED BY file_records_by_state
  WHERE current_state IN ('failed', 'processing', 'incoming') AND error_code IS NOT NULL AND removed_at_ms IS NULL
    AND hold IS NULL
  GROUP BY state, error_code`;

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
