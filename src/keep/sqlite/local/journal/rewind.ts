import type { Database } from '../../database.ts';

/** Journal.rewind, within a transaction. */
export function rewindTimes(database: Database, nowMs: number): number {
  const { changes } = database
    .statement(
      `UPDATE file_records SET last_updated = ?1,
         next_attempt_at_ms = ?2 + max(0, next_attempt_at_ms - CAST(unixepoch(last_updated, 'subsec') * 1000 AS INTEGER))
       WHERE next_attempt_at_ms > ?2 AND last_updated > ?1`,
    )
    .run(new Date(nowMs).toISOString(), nowMs);
  return Number(changes);
}
