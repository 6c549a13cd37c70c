/** Statements of the work queue. */
export const INSERT_SQL =
  'INSERT INTO targets (key, kind, work_group, priority, run_at_ms, reason) VALUES (?, ?, ?, ?, ?, ?)';
export const MOVE_SQL =
  'UPDATE targets SET kind = ?, work_group = ?, priority = ?, run_at_ms = ?, reason = ? WHERE key = ?';
export const AGAIN_SQL =
  'UPDATE targets SET again_priority = ?, again_at_ms = ?, again_reason = ? WHERE key = ?';
export const DROP_RUNNING_SQL = `UPDATE targets SET dropped = 1, again_priority = NULL, again_at_ms = NULL, again_reason = NULL
  WHERE key = ?`;
export const CLAIM_SQL = `UPDATE targets SET lease_owner = ?, lease_until_ms = ?, claim_token = ?
  WHERE key = ? AND lease_owner IS NULL RETURNING *`;
export const HEARTBEAT_SQL =
  'UPDATE targets SET lease_until_ms = ? WHERE key = ? AND claim_token = ? RETURNING dropped';
export const PUT_BACK_SQL = `UPDATE targets SET priority = ?, run_at_ms = ?, reason = ?, failures = ?, last_error = ?,
  lease_owner = NULL, lease_until_ms = NULL, claim_token = NULL, dropped = 0,
  again_priority = NULL, again_at_ms = NULL, again_reason = NULL WHERE key = ?`;
export const CLAIMED = 'targets INDEXED BY targets_claimed WHERE lease_owner IS NOT NULL';
