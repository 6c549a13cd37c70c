import type { ErrorRecord } from '../../../base/errors.ts';
import type { Claim, Priority, QueueItem, QueuePosition } from '../work-queue.ts';

/** The table `targets`: its statements, and what its rows mean. */

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

/** A row of `targets` as node:sqlite hands it over; the table is STRICT, so the types hold. */
export interface TargetRow {
  readonly key: string;
  readonly kind: string;
  readonly work_group: string;
  readonly priority: number;
  readonly run_at_ms: number;
  readonly reason: string;
  readonly failures: number;
  readonly last_error: string | null;
  readonly lease_owner: string | null;
  readonly lease_until_ms: number | null;
  readonly claim_token: number | null;
  readonly dropped: number;
  readonly again_at_ms: number | null;
  readonly again_priority: number | null;
  readonly again_reason: string | null;
}

export function priorityNumber(priority: Priority): number {
  return priority === 'high' ? 1 : 0;
}

export function priorityName(priority: number): Priority {
  return priority > 0 ? 'high' : 'normal';
}

export function positionOf(row: TargetRow): QueuePosition {
  return { runAtMs: row.run_at_ms, priority: priorityName(row.priority), reason: row.reason };
}

/** What was asked for while the row was claimed. */
export function againOf(row: TargetRow): QueuePosition | null {
  if (row.again_at_ms === null) return null;
  return {
    runAtMs: row.again_at_ms,
    priority: priorityName(row.again_priority ?? 0),
    reason: row.again_reason ?? '',
  };
}

export function toClaim(row: TargetRow): Claim {
  return {
    key: row.key,
    kind: row.kind,
    group: row.work_group,
    ...positionOf(row),
    attempt: row.failures + 1,
    leaseUntilMs: row.lease_until_ms ?? 0,
    token: row.claim_token ?? 0,
  };
}

export function toItem(row: TargetRow): QueueItem {
  return {
    key: row.key,
    kind: row.kind,
    group: row.work_group,
    ...positionOf(row),
    failures: row.failures,
    lastError: row.last_error === null ? null : (JSON.parse(row.last_error) as ErrorRecord),
    claimedBy:
      row.lease_owner === null ? null : { worker: row.lease_owner, untilMs: row.lease_until_ms ?? 0 },
  };
}
