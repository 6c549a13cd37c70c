import type { SqlExecutor } from '../../../keep/postgres/executor.ts';
import type { Parameter } from '../../../keep/postgres/parameters.ts';
import type { SqlRow } from '../../../keep/store/rows/columns.ts';
import { unsettledOf } from '../unsettled.ts';
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
import type { JobSql } from './job-engine.ts';
import { itemColumns, priorityNumber, type ScheduleRow, toItem } from './targets.ts';

/** Questions about the schedule. Every one is answered from a few index ranges, however large the schedule is. */

const KINDS_SQL =
  'SELECT kind, sum(size)::bigint AS size FROM target_kinds GROUP BY kind HAVING sum(size) > 0 ORDER BY kind';
const PRIORITIES = '(VALUES (1::smallint), (0::smallint)) p (priority)';

/** Kinds that have targets, in order. */
export async function kindsOf(
  executor: SqlExecutor,
): Promise<{ readonly kind: string; readonly size: number }[]> {
  const rows = await executor.query(KINDS_SQL);
  return rows.map(row => ({ kind: String(row.kind), size: Number(row.size) }));
}

/** See `WorkQueue.nextDueAt`. */
export async function nextDueAfter(
  executor: SqlExecutor,
  sql: JobSql,
  kinds: readonly string[],
  afterMs: number,
): Promise<number | null> {
  const row = await executor.first(
    `SELECT min(at_ms) AS at_ms FROM (
       SELECT next.run_at_ms AS at_ms FROM unnest($1::text[]) k (kind) CROSS JOIN ${PRIORITIES} CROSS JOIN LATERAL (
         SELECT t.run_at_ms FROM targets t
         WHERE t.kind = k.kind AND t.priority = p.priority AND t.claim_token IS NULL AND t.run_at_ms > $2
         ORDER BY t.run_at_ms LIMIT 1
       ) next
       UNION ALL
       SELECT ${sql.leaseUntilMs} FROM ${sql.living} AND ${sql.leaseUntilMs} > $2
     ) times`,
    [kinds, afterMs],
  );
  return (row?.at_ms as number | null) ?? null;
}

/** See `WorkQueue.upcoming`. */
export async function upcomingItems(
  executor: SqlExecutor,
  sql: JobSql,
  limit: number,
  choice: WorkChoice = {},
  skipped = 0,
): Promise<QueueItem[]> {
  if (limit < 1) return [];
  const { kinds, conditions, params } = await chosen(executor, choice, 3);
  const arm = (priority: number, range: string): string => `
    SELECT waiting.* FROM unnest($1::text[]) k (kind) CROSS JOIN LATERAL (
      SELECT t.key, t.run_at_ms FROM targets t
      WHERE t.kind = k.kind AND t.priority = ${priority} AND t.claim_token IS NULL AND ${range} ${conditions}
      ORDER BY t.run_at_ms, t.key LIMIT $2::bigint + $3::bigint
    ) waiting`;
  const rows = await executor.query(
    `SELECT ${itemColumns(sql.leaseUntilMs)} FROM (
       (SELECT 0 AS part, raised.* FROM (${arm(1, `t.run_at_ms <= ${sql.nowMs}`)}) raised)
       UNION ALL
       (SELECT 1, later.* FROM (${arm(1, `t.run_at_ms > ${sql.nowMs}`)} UNION ALL ${arm(0, 'true')}) later)
       ORDER BY part, run_at_ms, key LIMIT $2 OFFSET $3
     ) line JOIN targets t USING (key) ${sql.joinJob}
     ORDER BY line.part, t.run_at_ms, t.key`,
    [kinds, limit, skipped, ...params],
  );
  return rows.map(asItem);
}

/** See `WorkQueue.countUpcoming`. */
export async function countUpcoming(executor: SqlExecutor, choice: WorkChoice = {}): Promise<number> {
  const { kinds, conditions, params } = await chosen(executor, choice, 1);
  const row = await executor.first(
    `SELECT count(*) AS n FROM targets t WHERE t.kind = ANY($1) AND t.claim_token IS NULL ${conditions}`,
    [kinds, ...params],
  );
  return Number(row?.n);
}

/** The kinds that are meant, and what else is said of a target `t`. @param given parameters before those of it */
async function chosen(
  executor: SqlExecutor,
  { kinds, groups, text, priority, isFailing, dueFromMs, dueBeforeMs }: WorkChoice,
  given: number,
): Promise<{ readonly kinds: readonly string[]; readonly conditions: string; readonly params: Parameter[] }> {
  const there = (await kindsOf(executor)).map(({ kind }) => kind);
  const params: Parameter[] = [];
  const conditions: string[] = [];
  const add = (condition: string, value: Parameter): void => {
    params.push(value);
    conditions.push(`AND ${condition.replace('?', `$${given + params.length}`)}`);
  };
  if (groups !== undefined) add('t.work_group = ANY(?)', groups);
  if (text !== undefined) add('t.key ILIKE ?', `%${text.replace(/[\\%_]/g, '\\$&')}%`);
  if (priority !== undefined) add('t.priority = ?', priorityNumber(priority));
  if (dueFromMs !== undefined) add('t.run_at_ms >= ?', dueFromMs);
  if (dueBeforeMs !== undefined) add('t.run_at_ms < ?', dueBeforeMs);
  if (isFailing) conditions.push('AND t.failures > 0');
  return {
    kinds: there.filter(kind => kinds?.includes(kind) ?? true),
    conditions: conditions.join(' '),
    params,
  };
}

/** See `WorkQueue.running`. */
export async function runningItems(executor: SqlExecutor, sql: JobSql, limit: number): Promise<QueueItem[]> {
  const rows = await executor.query(
    `SELECT ${itemColumns(sql.leaseUntilMs)} FROM targets t ${sql.joinJob}
     WHERE t.claim_token IS NOT NULL ORDER BY t.key LIMIT $1`,
    [limit],
  );
  return rows.map(asItem);
}

/** Those of the keys that are on the schedule. */
export async function itemsOf(
  executor: SqlExecutor,
  sql: JobSql,
  keys: readonly string[],
): Promise<QueueItem[]> {
  const rows = await executor.query(
    `SELECT ${itemColumns(sql.leaseUntilMs)} FROM targets t ${sql.joinJob} WHERE t.key = ANY($1)`,
    [keys],
  );
  return rows.map(asItem);
}

/** See `WorkQueue.countDue`. */
export async function countDue(executor: SqlExecutor, spans: DueSpans): Promise<DueCounts[]> {
  const { fromMs, spanMs, count } = spans;
  const rows = await executor.query(
    `SELECT kind, work_group, greatest(0, floor((run_at_ms - $1)::numeric / $2))::integer AS span, count(*) AS items
     FROM targets WHERE claim_token IS NULL AND run_at_ms < $3 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    [fromMs, spanMs, fromMs + spanMs * count],
  );
  return dueCounts(
    rows.map(({ kind, work_group: group, span, items }) => [
      String(kind),
      String(group),
      Number(span),
      Number(items),
    ]),
    spans,
  );
}

/** See `WorkQueue.unsettled`. */
export async function unsettledTargets(
  executor: SqlExecutor,
  sql: JobSql,
  lateMs: number,
): Promise<UnsettledWork[]> {
  const columns = `t.kind, t.work_group, t.run_at_ms, t.key`;
  const rows = await executor.query(
    `WITH clock AS MATERIALIZED (SELECT ${sql.nowMs} AS now_ms), unsettled AS (
       SELECT ${columns}, 'failing' AS state, t.last_error::json ->> 'code' AS code,
              t.last_error::json ->> 'message' AS message
         FROM targets t WHERE t.failures > 0 AND t.claim_token IS NULL
       UNION ALL
       SELECT ${columns}, CASE WHEN t.run_at_ms < clock.now_ms - $2 THEN 'late' ELSE 'due' END, NULL, NULL
         FROM unnest($1::text[]) k (kind) CROSS JOIN clock CROSS JOIN ${PRIORITIES}
         JOIN targets t ON t.kind = k.kind AND t.priority = p.priority AND t.run_at_ms <= clock.now_ms
        WHERE t.claim_token IS NULL AND t.failures = 0)
     SELECT DISTINCT ON (kind, work_group, state, code) kind, work_group, state, code, message, key,
            run_at_ms AS earliest_ms, count(*) OVER (PARTITION BY kind, work_group, state, code) AS items
       FROM unsettled ORDER BY kind, work_group, state, code, run_at_ms, key`,
    [(await kindsOf(executor)).map(({ kind }) => kind), lateMs],
  );
  return rows.map(unsettledOf);
}

/** See `WorkQueue.counts`. */
export async function countTargets(executor: SqlExecutor, sql: JobSql): Promise<QueueCounts> {
  const kinds = await kindsOf(executor);
  const waiting = 't.kind = k.kind AND t.claim_token IS NULL AND t.priority';
  const rows = await executor.query(
    `WITH clock AS MATERIALIZED (SELECT ${sql.nowMs} AS now_ms)
     SELECT k.kind, clock.now_ms,
       (SELECT count(*) FROM (
         SELECT FROM ${PRIORITIES} CROSS JOIN LATERAL (
           SELECT FROM targets t WHERE ${waiting} = p.priority AND t.run_at_ms <= clock.now_ms ORDER BY t.run_at_ms LIMIT $2
         ) few LIMIT $2
       ) due) AS due,
       (SELECT count(*) FROM (SELECT FROM targets t WHERE ${waiting} = 1 ORDER BY t.run_at_ms LIMIT $2) high) AS raised,
       (SELECT min(first.run_at_ms) FROM ${PRIORITIES} CROSS JOIN LATERAL (
         SELECT t.run_at_ms FROM targets t WHERE ${waiting} = p.priority ORDER BY t.run_at_ms LIMIT 1
       ) first) AS earliest_ms
     FROM unnest($1::text[]) k (kind) CROSS JOIN clock`,
    [kinds.map(({ kind }) => kind), DUE_COUNTED],
  );
  const running = await executor.first('SELECT count(*) AS n FROM targets WHERE claim_token IS NOT NULL');
  const of = new Map(rows.map(row => [String(row.kind), row]));
  const byKind = kinds.map(({ kind, size }) => ({ kind, size, due: Number(of.get(kind)?.due ?? 0) }));
  const behind = rows.map(row => Math.max(0, Number(row.now_ms) - Number(row.earliest_ms ?? row.now_ms)));
  return {
    size: byKind.reduce((sum, { size }) => sum + size, 0),
    due: byKind.reduce((sum, { due }) => sum + due, 0),
    behindMs: Math.max(0, ...behind),
    raised: rows.reduce((sum, row) => sum + Number(row.raised), 0),
    running: Number(running?.n),
    byKind,
  };
}

function asItem(row: SqlRow): QueueItem {
  return toItem(row as unknown as ScheduleRow);
}
