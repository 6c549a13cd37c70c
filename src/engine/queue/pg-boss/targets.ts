import type { ErrorRecord } from '../../../base/errors.ts';
import { KEEPS_PLAN, type SqlExecutor } from '../../../keep/postgres/executor.ts';
import type { Parameter } from '../../../keep/postgres/parameters.ts';
import type { ScheduledTarget } from '../scheduled-target.ts';
import type { Claim, Priority, QueueItem, QueuePosition } from '../work-queue.ts';

/** The table `targets` in Postgres: what its rows mean, and how they are changed together. */

const COLUMNS = `t.key, t.kind, t.work_group, t.priority, t.run_at_ms, t.reason, t.failures, t.last_error, t.claimed_by,
    t.claim_token, t.dropped, t.again_at_ms, t.again_priority, t.again_reason, t.home_station`;

/** Columns of a target `t` with its job `j`, to be shown. */
export function itemColumns(leaseUntilMs: string): string {
  return `${COLUMNS}, CASE WHEN t.claim_token IS NOT NULL THEN ${leaseUntilMs} END AS lease_until_ms`;
}

/** Columns of a target `t`, to be changed. */
export function targetColumns(isHeld: string): string {
  return `${COLUMNS}, ${isHeld} AS held`;
}

/** A row with `itemColumns` or `targetColumns`. */
export interface ScheduleRow {
  readonly key: string;
  readonly kind: string;
  readonly work_group: string;
  readonly priority: number;
  readonly run_at_ms: number;
  readonly reason: string;
  readonly failures: number;
  readonly last_error: string | null;
  readonly claimed_by: string | null;
  readonly claim_token: number | null;
  readonly dropped: boolean;
  readonly again_at_ms: number | null;
  readonly again_priority: number | null;
  readonly again_reason: string | null;
  readonly home_station: string | null;
  readonly lease_until_ms?: number | null;
  /** Claimed, and pg-boss has not taken the claim back. */
  readonly held?: boolean;
}

export function priorityNumber(priority: Priority): number {
  return priority === 'high' ? 1 : 0;
}

export function priorityName(priority: number): Priority {
  return priority > 0 ? 'high' : 'normal';
}

export function toTarget(row: ScheduleRow): ScheduledTarget {
  return {
    key: row.key,
    kind: row.kind,
    group: row.work_group,
    ...positionOf(row),
    failures: row.failures,
    lastError: row.last_error,
    claim: row.claim_token === null ? null : { worker: row.claimed_by ?? '', token: row.claim_token },
    dropped: row.dropped,
    again:
      row.again_at_ms === null
        ? null
        : {
            runAtMs: row.again_at_ms,
            priority: priorityName(row.again_priority ?? 0),
            reason: row.again_reason ?? '',
          },
    home: row.home_station,
  };
}

export function toClaim(row: ScheduleRow, token: number, leaseUntilMs: number): Claim {
  return {
    key: row.key,
    kind: row.kind,
    group: row.work_group,
    ...positionOf(row),
    attempt: row.failures + 1,
    leaseUntilMs,
    token,
  };
}

export function toItem(row: ScheduleRow): QueueItem {
  return {
    key: row.key,
    kind: row.kind,
    group: row.work_group,
    ...positionOf(row),
    failures: row.failures,
    lastError: row.last_error === null ? null : (JSON.parse(row.last_error) as ErrorRecord),
    claimedBy:
      row.claim_token === null ? null : { worker: row.claimed_by ?? '', untilMs: row.lease_until_ms ?? 0 },
  };
}

function positionOf(row: ScheduleRow): QueuePosition {
  return { runAtMs: row.run_at_ms, priority: priorityName(row.priority), reason: row.reason };
}

/** A column of `RECORDS`: its type, and what of a target it is. */
type Column = readonly [type: string, of: (target: ScheduledTarget) => string | number | null];

/** A claim is never written here, only ended. */
const COLUMNS_WRITTEN: Readonly<Record<string, Column>> = {
  key: ['text', ({ key }) => key],
  kind: ['text', ({ kind }) => kind],
  work_group: ['text', ({ group }) => group],
  priority: ['smallint', ({ priority }) => priorityNumber(priority)],
  run_at_ms: ['bigint', ({ runAtMs }) => runAtMs],
  reason: ['text', ({ reason }) => reason],
  failures: ['integer', ({ failures }) => failures],
  last_error: ['text', ({ lastError }) => lastError],
  running: ['integer', ({ claim }) => Number(claim !== null)],
  dropped: ['integer', ({ dropped }) => Number(dropped)],
  again_at_ms: ['bigint', ({ again }) => again?.runAtMs ?? null],
  again_priority: ['smallint', ({ again }) => again && priorityNumber(again.priority)],
  again_reason: ['text', ({ again }) => again?.reason ?? null],
  home_station: ['text', ({ home }) => home],
};

/**
 * Targets as the rows of an array a column. Of how many rows the server takes them to be is the same whatever they are,
 * and few, so that each is found by its key; of JSON it thinks as of a hundred, and goes through all of a small table.
 */
const RECORDS = `unnest(${Object.values(COLUMNS_WRITTEN)
  .map(([type], index) => `$${index + 1}::${type}[]`)
  .join(', ')}) AS n (${Object.keys(COLUMNS_WRITTEN).join(', ')})`;

function recordsOf(targets: readonly ScheduledTarget[]): Parameter[] {
  return Object.values(COLUMNS_WRITTEN).map(([, of]) => targets.map(of) as (string | null)[]);
}

/** Only those of its key that are not there yet. Answers the keys that it has put in. */
const INSERT_SQL = `
  INSERT INTO targets (key, kind, work_group, priority, run_at_ms, reason, home_station)
  SELECT n.key, n.kind, n.work_group, n.priority, n.run_at_ms, n.reason, n.home_station FROM ${RECORDS} ORDER BY n.key
  ON CONFLICT (key) DO NOTHING`;

const UPDATE_SQL = `
  UPDATE targets t SET kind = n.kind, work_group = n.work_group, priority = n.priority, run_at_ms = n.run_at_ms,
    reason = n.reason, failures = n.failures, last_error = n.last_error,
    claimed_by = CASE WHEN n.running = 1 THEN t.claimed_by END, claim_token = CASE WHEN n.running = 1 THEN t.claim_token END,
    dropped = n.dropped = 1, again_at_ms = n.again_at_ms, again_priority = n.again_priority,
    again_reason = n.again_reason, home_station = n.home_station
  FROM ${RECORDS} WHERE t.key = n.key`;

/** Puts targets in. @returns how many were not there yet; the others are left as they are */
export async function insertTargets(
  transaction: SqlExecutor,
  targets: readonly ScheduledTarget[],
): Promise<number> {
  if (targets.length === 0) return 0;
  return transaction.execute(INSERT_SQL, recordsOf(targets), KEEPS_PLAN);
}

/** Writes targets that are locked; a claim that is not kept is ended. */
export async function updateTargets(
  transaction: SqlExecutor,
  targets: readonly ScheduledTarget[],
): Promise<void> {
  if (targets.length > 0) await transaction.execute(UPDATE_SQL, recordsOf(targets), KEEPS_PLAN);
}

/** Removes targets that are locked. */
export async function deleteTargets(transaction: SqlExecutor, keys: readonly string[]): Promise<void> {
  if (keys.length > 0) {
    await transaction.execute('DELETE FROM targets WHERE key = ANY($1)', [keys], KEEPS_PLAN);
  }
}
