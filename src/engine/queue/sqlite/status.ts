import type { Database } from '../../../keep/sqlite/database.ts';
import {
  DUE_COUNTED,
  type DueCounts,
  type DueSpans,
  dueCounts,
  type QueueCounts,
  type QueueItem,
} from '../work-queue.ts';
import { type TargetRow, toItem } from './targets.ts';

/** Questions about the schedule. Every one is answered from a few index ranges, however large the schedule is. */

const WAITING = 'FROM targets INDEXED BY targets_due WHERE kind = ? AND lease_owner IS NULL';
const CLAIMED = 'FROM targets INDEXED BY targets_claimed WHERE lease_owner IS NOT NULL';

const AFTER_SQL = `SELECT min(run_at_ms) AS at_ms ${WAITING} AND priority = ? AND run_at_ms > ?`;
const LEASE_END_SQL = `SELECT min(lease_until_ms) AS at_ms ${CLAIMED} AND lease_until_ms > ?`;
const EARLIEST_SQL = `SELECT min(run_at_ms) AS at_ms ${WAITING} AND priority = ?`;
const DUE_SQL = `SELECT count(*) AS due FROM (SELECT 1 ${WAITING} AND priority = ? AND run_at_ms <= ? LIMIT ?)`;

/** Kinds that have targets, in order. */
export function kindsOf(database: Database): { readonly kind: string; readonly size: number }[] {
  const sql = 'SELECT kind, size FROM target_kinds WHERE size > 0 ORDER BY kind';
  return database.statement(sql).all() as unknown as { kind: string; size: number }[];
}

export function nextDueAfter(database: Database, kinds: readonly string[], afterMs: number): number | null {
  const after = database.statement(AFTER_SQL);
  const times = kinds.flatMap(kind => [1, 0].map(priority => after.get(kind, priority, afterMs)?.at_ms));
  times.push(database.statement(LEASE_END_SQL).get(afterMs)?.at_ms);
  const known = times.filter(time => typeof time === 'number');
  return known.length > 0 ? Math.min(...known) : null;
}

export function upcomingItems(database: Database, nowMs: number, limit: number): QueueItem[] {
  const kinds = kindsOf(database).map(({ kind }) => kind);
  const raised = inOrder(database, kinds, [{ priority: 1, toMs: nowMs }], limit);
  const others = [{ priority: 1, fromMs: nowMs + 1 }, { priority: 0 }];
  const keys = [...raised, ...inOrder(database, kinds, others, limit - raised.length)];
  const row = database.statement('SELECT * FROM targets WHERE key = ?');
  return keys.map(key => toItem(row.get(key) as unknown as TargetRow));
}

interface Range {
  readonly priority: number;
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** Waiting keys by time. One ordered index range a kind and priority, which SQLite merges without sorting. */
function inOrder(
  database: Database,
  kinds: readonly string[],
  ranges: readonly Range[],
  limit: number,
): string[] {
  const arms = kinds.flatMap(kind => ranges.map(range => ({ kind, ...range })));
  if (arms.length === 0 || limit < 1) return [];
  const arm = `SELECT key, run_at_ms ${WAITING} AND priority = ? AND run_at_ms BETWEEN ? AND ?`;
  const sql = `${arms.map(() => arm).join(' UNION ALL ')} ORDER BY run_at_ms, key LIMIT ?`;
  const params = arms.flatMap(({ kind, priority, fromMs, toMs }) => [
    kind,
    priority,
    fromMs ?? Number.MIN_SAFE_INTEGER,
    toMs ?? Number.MAX_SAFE_INTEGER,
  ]);
  const rows = database.statement(sql).all(...params, limit);
  return rows.map(({ key }) => String(key));
}

const BY_SPAN_SQL = `
  SELECT kind, max(0, CAST((run_at_ms - ?1) / ?2 AS INTEGER)) AS span, count(*) AS items FROM targets
  WHERE lease_owner IS NULL AND run_at_ms < ?3 GROUP BY kind, span ORDER BY kind, span`;

export function countDue(database: Database, spans: DueSpans): DueCounts {
  const { fromMs, spanMs, count } = spans;
  const rows = database.statement(BY_SPAN_SQL).all(fromMs, spanMs, fromMs + spanMs * count);
  return dueCounts(
    rows.map(({ kind, span, items }) => [String(kind), Number(span), Number(items)]),
    spans,
  );
}

export function runningItems(database: Database, limit: number): QueueItem[] {
  const rows = database.statement(`SELECT * ${CLAIMED} ORDER BY key LIMIT ?`).all(limit);
  return rows.map(row => toItem(row as unknown as TargetRow));
}

export function countTargets(database: Database, nowMs: number): QueueCounts {
  const earliest = database.statement(EARLIEST_SQL);
  const dueCount = database.statement(DUE_SQL);
  let earliestMs = nowMs;
  let raised = 0;
  const byKind = kindsOf(database).map(({ kind, size }) => {
    let due = 0;
    for (const priority of [1, 0]) {
      earliestMs = Math.min(earliestMs, Number(earliest.get(kind, priority)?.at_ms ?? nowMs));
      due += Number(dueCount.get(kind, priority, nowMs, DUE_COUNTED - due)?.due);
    }
    raised += Number(dueCount.get(kind, 1, Number.MAX_SAFE_INTEGER, DUE_COUNTED)?.due);
    return { kind, size, due };
  });
  return {
    size: byKind.reduce((sum, { size }) => sum + size, 0),
    due: byKind.reduce((sum, { due }) => sum + due, 0),
    behindMs: nowMs - earliestMs,
    raised,
    running: Number(database.statement(`SELECT count(*) AS n ${CLAIMED}`).get()?.n),
    byKind,
  };
}
