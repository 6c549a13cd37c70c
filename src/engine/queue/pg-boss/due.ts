import { KEEPS_PLAN, type SqlExecutor } from '../../../keep/postgres/executor.ts';
import { type Candidate, type GroupRoom, lookahead, takeFront, takeOfGroups } from '../group-room.ts';
import type { Priority } from '../work-queue.ts';
import { priorityName, priorityNumber } from './targets.ts';

export interface DueSearch {
  readonly kinds: readonly string[];
  readonly nowMs: number;
  readonly max: number;
  /** Absent: no limit by group. */
  readonly room?: GroupRoom;
  /** Who asks, and who else is there: what has its home at one of those is left to it, unless it is due since before. */
  readonly station: string;
  readonly others: readonly string[];
  readonly leftSinceMs: number;
}

/** Of target `t`: waits, is due at `$2`, and is for station `$3` beside `$4`, which leave it from `$5` on. */
const DUE = `t.claim_token IS NULL AND t.run_at_ms <= $2
  AND (t.home_station IS NULL OR t.home_station = $3 OR t.home_station <> ALL ($4) OR t.run_at_ms <= $5)`;
const COLUMNS = 't.key, t.work_group, t.priority, t.run_at_ms';
const PRIORITIES = '(VALUES (1::smallint), (0::smallint)) p (priority)';

/** In the order of the index: without one the whole table may be read where many are due of the other priority. */
const ANY_SQL = `
  SELECT EXISTS (
    SELECT FROM unnest($1::text[]) k (kind) CROSS JOIN ${PRIORITIES} CROSS JOIN LATERAL (
      SELECT FROM targets t WHERE t.kind = k.kind AND t.priority = p.priority AND ${DUE} ORDER BY t.run_at_ms LIMIT 1
    ) one
  ) AS found`;

/** One ordered index range a kind and priority; what they have in front is all that is sorted. */
const FRONT_SQL = `
  SELECT front.* FROM unnest($1::text[]) k (kind) CROSS JOIN ${PRIORITIES} CROSS JOIN LATERAL (
    SELECT ${COLUMNS} FROM targets t WHERE t.kind = k.kind AND t.priority = p.priority AND ${DUE}
    ORDER BY t.run_at_ms, t.key LIMIT $6
  ) front
  ORDER BY front.priority DESC, front.run_at_ms, front.key LIMIT $6`;

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

const OF_GROUPS_SQL = `
  SELECT first.* FROM unnest($1::text[], $6::text[], $7::smallint[], $8::integer[]) g (kind, work_group, priority, most)
  CROSS JOIN LATERAL (
    SELECT ${COLUMNS} FROM targets t
    WHERE t.kind = g.kind AND t.work_group = g.work_group AND t.priority = g.priority AND ${DUE}
    ORDER BY t.run_at_ms, t.key LIMIT g.most
  ) first`;

type SharedParameters = [number, string, readonly string[], number];

function shared({ nowMs, station, others, leftSinceMs }: DueSearch): SharedParameters {
  return [nowMs, station, others, leftSinceMs];
}

/** Whether anything waits whose time has come. */
export async function anyDue(executor: SqlExecutor, query: DueSearch): Promise<boolean> {
  if (query.kinds.length === 0) return false;
  return (await executor.first(ANY_SQL, [query.kinds, ...shared(query)], KEEPS_PLAN))?.found === true;
}

/**
 * Keys of what is due, in line, as far as `max` and the groups' room allow. Reads a few rows more than it answers. Only
 * when full groups fill the front of the line is every group asked for its own first ones: the cost then grows with the
 * number of groups, never with the number of targets.
 */
export async function dueKeys(executor: SqlExecutor, query: DueSearch): Promise<string[]> {
  const { kinds, max, room } = query;
  if (kinds.length === 0) return [];
  const limit = room ? lookahead(max) : max;
  const front = candidates(await executor.query(FRONT_SQL, [kinds, ...shared(query), limit]));
  if (!room) return front.map(({ key }) => key);
  return takeFront(front, room, max) ?? takeOfGroups(await firstOfGroups(executor, query, room), room, max);
}

async function firstOfGroups(executor: SqlExecutor, query: DueSearch, room: GroupRoom): Promise<Candidate[]> {
  const asked: { kind: string; group: string; priority: Priority; most: number }[] = [];
  for (const row of await executor.query(GROUPS_SQL, [query.kinds])) {
    for (const priority of ['high', 'normal'] as const) {
      const group = String(row.work_group);
      const most = Math.min(query.max, room.of(group, priority));
      if (most >= 1) asked.push({ kind: String(row.kind), group, priority, most });
    }
  }
  const rows = await executor.query(OF_GROUPS_SQL, [
    asked.map(({ kind }) => kind),
    ...shared(query),
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
