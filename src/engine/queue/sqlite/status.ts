import type { Database } from '../../../keep/sqlite/database.ts';
import { mergeUnsettled, unsettledOf } from '../unsettled.ts';
import {
  DUE_COUNTED,
  type DueCounts,
  type DueSpans,
  dueCounts,
  type QueueCounts,
  type QueueItem,
  type UnsettledWork,
  type WorkChoice,
} from '../work-queue.ts';
import { waitingGroups } from './due.ts';
import { priorityNumber, type TargetRow, toItem } from './targets.ts';

/** Questions about the schedule. Every one is answered from a few index ranges, however large the schedule is. */

const WAITING = 'FROM targets INDEXED BY targets_due WHERE kind = ? AND lease_owner IS NULL';
const FAILING =
  'FROM targets INDEXED BY targets_failing WHERE failures > 0 AND kind = ? AND lease_owner IS NULL';
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

/** See `WorkQueue.upcoming`. */
export function upcomingItems(
  database: Database,
  nowMs: number,
  limit: number,
  choice: WorkChoice = {},
  skipped = 0,
): QueueItem[] {
  const raised = waitingOf(database, choice, [{ priority: 1, toMs: nowMs }]);
  const others = waitingOf(database, choice, [{ priority: 1, fromMs: nowMs + 1 }, { priority: 0 }]);
  const raisedSkipped = skipped === 0 ? 0 : Math.min(skipped, countWaiting(database, raised));
  const first = inOrder(database, raised, limit, raisedSkipped);
  const keys = [...first, ...inOrder(database, others, limit - first.length, skipped - raisedSkipped)];
  const row = database.statement('SELECT * FROM targets WHERE key = ?');
  return keys.map(key => toItem(row.get(key) as unknown as TargetRow));
}

/** See `WorkQueue.countUpcoming`. */
export function countUpcoming(database: Database, choice: WorkChoice = {}): number {
  return countWaiting(database, waitingOf(database, choice, [{ priority: 1 }, { priority: 0 }]));
}

interface Range {
  readonly priority: number;
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** A part of one index; together they are the waiting targets that are meant. */
interface Arm {
  readonly sql: string;
  readonly params: readonly (string | number)[];
}

/** What waits and is meant, in one ordered index range a kind and priority. */
function waitingOf(database: Database, choice: WorkChoice, ranges: readonly Range[]): Arm[] {
  const { kinds, groups, text, priority, isFailing, dueFromMs, dueBeforeMs } = choice;
  const also: string[] = [];
  const alsoParams: string[] = [];
  if (groups !== undefined) {
    also.push('work_group IN (SELECT value FROM json_each(?))');
    alsoParams.push(JSON.stringify(groups));
  }
  if (text !== undefined) {
    also.push("key LIKE ? ESCAPE '\\'");
    alsoParams.push(`%${text.replace(/[\\%_]/g, '\\$&')}%`);
  }
  // Of those that fail there is an index of its own, since there are few.
  const from = isFailing ? FAILING : WAITING;
  return kindsOf(database)
    .filter(({ kind }) => kinds?.includes(kind) ?? true)
    .flatMap(({ kind }) => ranges.map(range => ({ kind, ...range })))
    .filter(range => priority === undefined || range.priority === priorityNumber(priority))
    .map(range => ({
      sql: [`${from} AND priority = ? AND run_at_ms BETWEEN ? AND ?`, ...also].join(' AND '),
      params: [
        range.kind,
        range.priority,
        Math.max(range.fromMs ?? Number.MIN_SAFE_INTEGER, dueFromMs ?? Number.MIN_SAFE_INTEGER),
        Math.min(range.toMs ?? Number.MAX_SAFE_INTEGER, (dueBeforeMs ?? Number.MAX_SAFE_INTEGER) - 1),
        ...alsoParams,
      ],
    }));
}

function countWaiting(database: Database, arms: readonly Arm[]): number {
  return arms.reduce(
    (sum, { sql, params }) =>
      sum + Number(database.statement(`SELECT count(*) AS n ${sql}`).get(...params)?.n),
    0,
  );
}

/** From so many on it pays to count first, and to come from the other end where that is nearer. */
const FAR = 1_000;

/** Keys by time, which SQLite merges from the arms without sorting. */
function inOrder(database: Database, arms: readonly Arm[], limit: number, skipped: number): string[] {
  if (arms.length === 0 || limit < 1) return [];
  const left = skipped > FAR ? Math.max(0, countWaiting(database, arms) - skipped) : Number.POSITIVE_INFINITY;
  const isFromEnd = left < skipped;
  const [most, passed] = isFromEnd ? [Math.min(limit, left), Math.max(0, left - limit)] : [limit, skipped];
  const all = arms.map(({ sql }) => `SELECT key, run_at_ms ${sql}`).join(' UNION ALL ');
  const by = isFromEnd ? 'run_at_ms DESC, key DESC' : 'run_at_ms, key';
  const rows = database
    .statement(`${all} ORDER BY ${by} LIMIT ? OFFSET ?`)
    .all(...arms.flatMap(({ params }) => params), most, passed);
  const keys = rows.map(({ key }) => String(key));
  return isFromEnd ? keys.reverse() : keys;
}

const OF_LANE = `FROM targets INDEXED BY targets_due_by_group
  WHERE kind = ? AND lease_owner IS NULL AND work_group = ? AND priority = ? AND run_at_ms >= ? AND run_at_ms < ?`;
const LANE_NEXT_SQL = `SELECT min(run_at_ms) AS at_ms ${OF_LANE}`;
const LANE_COUNT_SQL = `SELECT count(*) AS items ${OF_LANE}`;

/** See `WorkQueue.countDue`. */
export function countDue(database: Database, spans: DueSpans): DueCounts[] {
  return dueCounts(dueBySpan(database, spans), spans);
}

/**
 * One index range a span that has some: grouping by a computed span would sort all that is due, and a search by time over
 * all groups would read what is not due as well.
 */
function* dueBySpan(
  database: Database,
  { fromMs, spanMs, count }: DueSpans,
): Generator<[kind: string, group: string, span: number, items: number]> {
  const next = database.statement(LANE_NEXT_SQL);
  const counted = database.statement(LANE_COUNT_SQL);
  const endMs = fromMs + spanMs * count;
  for (const { kind } of kindsOf(database)) {
    for (const group of waitingGroups(database, kind)) {
      for (const priority of [1, 0]) {
        for (let startMs = Number.MIN_SAFE_INTEGER; startMs < endMs; ) {
          const atMs = next.get(kind, group, priority, startMs, endMs)?.at_ms;
          if (typeof atMs !== 'number') break;
          const span = Math.max(0, Math.floor((atMs - fromMs) / spanMs));
          const spanEndMs = fromMs + (span + 1) * spanMs;
          yield [kind, group, span, Number(counted.get(kind, group, priority, atMs, spanEndMs)?.items)];
          startMs = spanEndMs;
        }
      }
    }
  }
}

export function runningItems(database: Database, limit: number): QueueItem[] {
  const rows = database.statement(`SELECT * ${CLAIMED} ORDER BY key LIMIT ?`).all(limit);
  return rows.map(row => toItem(row as unknown as TargetRow));
}

/** With the columns of one aggregate, SQLite takes the others from the row that has the minimum. */
const FAILING_SQL = `
  SELECT kind, work_group, 'failing' AS state, json_extract(last_error, '$.code') AS code,
         json_extract(last_error, '$.message') AS message, count(*) AS items, min(run_at_ms) AS earliest_ms, key
    FROM targets INDEXED BY targets_failing WHERE failures > 0 AND lease_owner IS NULL
   GROUP BY kind, work_group, code`;
const OVERDUE_SQL = `
  SELECT kind, work_group, iif(run_at_ms < ?4, 'late', 'due') AS state, NULL AS code, NULL AS message,
         count(*) AS items, min(run_at_ms) AS earliest_ms, key
    FROM targets INDEXED BY targets_due WHERE kind = ?1 AND lease_owner IS NULL AND priority = ?2 AND run_at_ms <= ?3 AND failures = 0 GROUP BY work_group, state`;

/** See `WorkQueue.unsettled`. */
export function unsettledTargets(database: Database, nowMs: number, lateMs: number): UnsettledWork[] {
  const overdue = kindsOf(database).flatMap(({ kind }) =>
    [1, 0].flatMap(priority => database.all(OVERDUE_SQL, kind, priority, nowMs, nowMs - lateMs)),
  );
  return mergeUnsettled([...database.all(FAILING_SQL), ...overdue].map(unsettledOf));
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
