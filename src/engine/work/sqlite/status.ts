import type { Database } from '../../../keep/store/sqlite/database.ts';
import { type Counts, DUE_COUNTED, type Item } from '../work.ts';
import { type TargetRow, toItem } from './rows.ts';

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

export function upcomingItems(database: Database, nowMs: number, limit: number): Item[] {
  const kinds = kindsOf(database);
  if (kinds.length === 0) return [];
  const arms = kinds.flatMap(() => [
    `SELECT 0 AS turn, * ${WAITING} AND priority = 1 AND run_at_ms <= ?`,
    `SELECT 1 AS turn, * ${WAITING} AND priority = 1 AND run_at_ms > ?`,
    `SELECT 1 AS turn, * ${WAITING} AND priority = 0`,
  ]);
  const sql = `${arms.join(' UNION ALL ')} ORDER BY turn, run_at_ms, key LIMIT ?`;
  const params = kinds.flatMap(({ kind }) => [kind, nowMs, kind, nowMs, kind]);
  const rows = database.statement(sql).all(...params, limit);
  return rows.map(row => toItem(row as unknown as TargetRow));
}

export function runningItems(database: Database, limit: number): Item[] {
  const rows = database.statement(`SELECT * ${CLAIMED} ORDER BY key LIMIT ?`).all(limit);
  return rows.map(row => toItem(row as unknown as TargetRow));
}

export function countTargets(database: Database, nowMs: number): Counts {
  const earliest = database.statement(EARLIEST_SQL);
  const dueCount = database.statement(DUE_SQL);
  let earliestMs = nowMs;
  const byKind = kindsOf(database).map(({ kind, size }) => {
    let due = 0;
    for (const priority of [1, 0]) {
      earliestMs = Math.min(earliestMs, Number(earliest.get(kind, priority)?.at_ms ?? nowMs));
      due += Number(dueCount.get(kind, priority, nowMs, DUE_COUNTED - due)?.due);
    }
    return { kind, size, due };
  });
  return {
    size: byKind.reduce((sum, { size }) => sum + size, 0),
    due: byKind.reduce((sum, { due }) => sum + due, 0),
    behindMs: nowMs - earliestMs,
    running: Number(database.statement(`SELECT count(*) AS n ${CLAIMED}`).get()?.n),
    byKind,
  };
}
