import { KEEPS_PLAN, type SqlExecutor } from '../../../keep/postgres/executor.ts';
import { LIVING_STATIONS } from '../../../keep/postgres/store/stations.ts';
import { type Candidate, type GroupRoom, inLine, lookahead, takeFront, takeOfGroups } from '../group-room.ts';
import type { Priority } from '../work-queue.ts';
import type { JobSql } from './job-engine.ts';
import { priorityName, priorityNumber } from './targets.ts';

export interface DueSearch {
  /** Who asks: what has its home at another station that is there is left to it for a while. */
  readonly station: string;
  readonly kinds: readonly string[];
  readonly max: number;
}

/** How long a target with a home waits for the station that it has it at, while that one is there. */
export const LEFT_TO_HOME_MS = 30_000;

/** The line as it is, and what runs. */
export interface Line {
  readonly front: readonly Candidate[];
  /** Claims by group. */
  readonly running: ReadonlyMap<string, number>;
  /** Some of them are nobody's any more. */
  readonly hasAbandoned: boolean;
  /** By the server's clock. */
  readonly nowMs: number;
}

/** Of target `t`: waits, is due, and is for station `$1` beside the others that live. */
const DUE = `t.claim_token IS NULL AND t.run_at_ms <= asked.now_ms
  AND (t.home_station IS NULL OR t.home_station = $1 OR t.home_station <> ALL (asked.others)
       OR t.run_at_ms <= asked.now_ms - ${LEFT_TO_HOME_MS})`;
const COLUMNS = 't.key, t.work_group, t.priority, t.run_at_ms';
const PRIORITIES = '(VALUES (1::smallint), (0::smallint)) p (priority)';

/**
 * What is asked: of which kinds, when that is, and who is there beside station `$1`. The server does not see how many kinds
 * there are, which would have it make a plan for each call, at more than the call itself costs.
 */
function asked({ nowMs }: JobSql): string {
  return `asked AS MATERIALIZED (SELECT ${nowMs} AS now_ms, ARRAY(${LIVING_STATIONS}) AS others, $2::text[] AS kinds)`;
}

/** In the order of the index: without one the whole table may be read where many are due of the other priority. */
function anySql(sql: JobSql): string {
  return `WITH ${asked(sql)}
    SELECT EXISTS (
      SELECT FROM asked CROSS JOIN unnest(asked.kinds) k (kind) CROSS JOIN ${PRIORITIES} CROSS JOIN LATERAL (
        SELECT FROM targets t WHERE t.kind = k.kind AND t.priority = p.priority AND ${DUE} ORDER BY t.run_at_ms LIMIT 1
      ) one
    ) AS found`;
}

/** What runs of each group; and one ordered index range a kind and priority: what they have in front is all that is sorted. */
function lineSql(sql: JobSql, most: number): string {
  return `WITH ${asked(sql)}
    SELECT asked.now_ms, NULL AS key, t.work_group, NULL::smallint AS priority, NULL::bigint AS run_at_ms,
           count(*) AS running, count(*) FILTER (WHERE ${sql.isAbandoned}) AS abandoned
      FROM asked CROSS JOIN targets t WHERE t.claim_token IS NOT NULL GROUP BY asked.now_ms, t.work_group
    UNION ALL
    (SELECT asked.now_ms, front.*, NULL, NULL
       FROM asked CROSS JOIN unnest(asked.kinds) k (kind) CROSS JOIN ${PRIORITIES} CROSS JOIN LATERAL (
         SELECT ${COLUMNS} FROM targets t WHERE t.kind = k.kind AND t.priority = p.priority AND ${DUE}
         ORDER BY t.run_at_ms, t.key LIMIT ${most}
       ) front
      ORDER BY front.priority DESC, front.run_at_ms, front.key LIMIT ${most})`;
}

/** Each group that has waiting targets, by one index seek a group: the rows between are not read. */
const GROUPS_SQL = `
  SELECT k.kind, g.work_group FROM unnest($1::text[]) k (kind) CROSS JOIN LATERAL (
    WITH RECURSIVE step (work_group) AS (
      (SELECT t.work_group FROM targets t WHERE t.kind = k.kind AND t.claim_token IS NULL ORDER BY t.work_group LIMIT 1)
      UNION ALL
      SELECT (SELECT t.work_group FROM targets t
        WHERE t.kind = k.kind AND t.claim_token IS NULL AND t.work_group > step.work_group
        ORDER BY t.work_group LIMIT 1)
      FROM step WHERE step.work_group IS NOT NULL
    )
    SELECT work_group FROM step WHERE work_group IS NOT NULL
  ) g`;

function ofGroupsSql(sql: JobSql): string {
  return `WITH ${asked(sql)}
    SELECT first.*
      FROM asked CROSS JOIN unnest(asked.kinds, $3::text[], $4::smallint[], $5::integer[]) g (kind, work_group, priority, most)
      CROSS JOIN LATERAL (
        SELECT ${COLUMNS} FROM targets t
        WHERE t.kind = g.kind AND t.work_group = g.work_group AND t.priority = g.priority AND ${DUE}
        ORDER BY t.run_at_ms, t.key LIMIT g.most
      ) first`;
}

/** Whether anything waits whose time has come. */
export async function anyDue(
  executor: SqlExecutor,
  sql: JobSql,
  { station, kinds }: DueSearch,
): Promise<boolean> {
  return (await executor.first(anySql(sql), [station, kinds], KEEPS_PLAN))?.found === true;
}

/** What stands in front of the line, a few more than `max`; of no kinds, nothing of it. */
export async function readLine(executor: SqlExecutor, sql: JobSql, search: DueSearch): Promise<Line> {
  const { station, kinds, max } = search;
  const rows = await executor.query(lineSql(sql, roundedUp(lookahead(max))), [station, kinds], KEEPS_PLAN);
  const running = rows.filter(({ key }) => key === null);
  return {
    front: candidates(rows.filter(({ key }) => key !== null)).sort(inLine),
    running: new Map(running.map(row => [String(row.work_group), Number(row.running)])),
    hasAbandoned: running.some(({ abandoned }) => Number(abandoned) > 0),
    nowMs: Number(rows[0]?.now_ms),
  };
}

/** A plan is kept only where the limit stands in the text, and there are to be few texts. */
function roundedUp(limit: number): number {
  return 16 * Math.ceil(limit / 16);
}

/**
 * Keys of what is due, in line, as far as `max` and the groups' room allow (no room: no limit by group). Only when full
 * groups fill the front of the line is every group asked for its own first ones: the cost then grows with the number of
 * groups, never with the number of targets.
 */
export async function dueKeys(
  executor: SqlExecutor,
  sql: JobSql,
  search: DueSearch,
  { front }: Pick<Line, 'front'>,
  room: GroupRoom | undefined,
): Promise<string[]> {
  const { max } = search;
  if (!room) return front.slice(0, max).map(({ key }) => key);
  return (
    takeFront(front, room, max) ?? takeOfGroups(await firstOfGroups(executor, sql, search, room), room, max)
  );
}

async function firstOfGroups(
  executor: SqlExecutor,
  sql: JobSql,
  { station, kinds, max }: DueSearch,
  room: GroupRoom,
): Promise<Candidate[]> {
  const asked: { kind: string; group: string; priority: Priority; most: number }[] = [];
  for (const row of await executor.query(GROUPS_SQL, [kinds])) {
    for (const priority of ['high', 'normal'] as const) {
      const group = String(row.work_group);
      const most = Math.min(max, room.of(group, priority));
      if (most >= 1) asked.push({ kind: String(row.kind), group, priority, most });
    }
  }
  const rows = await executor.query(ofGroupsSql(sql), [
    station,
    asked.map(({ kind }) => kind),
    asked.map(({ group }) => group),
    asked.map(({ priority }) => priorityNumber(priority)),
    asked.map(({ most }) => most),
  ]);
  return candidates(rows);
}

function candidates(rows: readonly Record<string, unknown>[]): Candidate[] {
  return rows.map(row => ({
    key: String(row.key),
    group: String(row.work_group),
    priority: priorityName(Number(row.priority)),
    runAtMs: Number(row.run_at_ms),
  }));
}
