import type { Database } from '../../../keep/sqlite/database.ts';
import { type Candidate, type GroupRoom, lookahead, takeFront, takeOfGroups } from '../group-room.ts';
import { priorityName } from './targets.ts';

export interface DueQuery {
  readonly kinds: readonly string[];
  readonly nowMs: number;
  readonly max: number;
  /** Absent: no limit by group. */
  readonly room?: GroupRoom;
}

const WAITING = 'kind = ? AND lease_owner IS NULL';
const COLUMNS = 'key, work_group, priority, run_at_ms';
const FIRST_GROUP_SQL = `SELECT min(work_group) AS name FROM targets INDEXED BY targets_due_by_group WHERE ${WAITING}`;
const NEXT_GROUP_SQL = `${FIRST_GROUP_SQL} AND work_group > ?`;
const OF_GROUP_SQL = `SELECT ${COLUMNS} FROM targets INDEXED BY targets_due_by_group
  WHERE ${WAITING} AND work_group = ? AND priority = ? AND run_at_ms <= ? ORDER BY run_at_ms, key LIMIT ?`;
const ANY_SQL = `SELECT 1 FROM targets INDEXED BY targets_due WHERE ${WAITING} AND priority = ? AND run_at_ms <= ? LIMIT 1`;

/** Whether anything waits whose time has come. */
export function anyDue(database: Database, kinds: readonly string[], nowMs: number): boolean {
  const statement = database.statement(ANY_SQL);
  return kinds.some(kind => statement.get(kind, 1, nowMs) || statement.get(kind, 0, nowMs));
}

/**
 * Keys of what is due, high priority first, then by time, then by key, as far as `max` and the groups' room
 * allow. Reads a few rows more than it answers. Only when full groups fill the front of the line is every
 * group with waiting items asked for its own first ones: the cost then grows with the number of groups, never
 * with the number of items.
 */
export function dueKeys(database: Database, query: DueQuery): string[] {
  const { max, room } = query;
  const front = frontOfLine(database, query, room ? lookahead(max) : max);
  if (!room) return front.map(({ key }) => key);
  return takeFront(front, room, max) ?? takeOfGroups(firstOfEachGroup(database, query, room), room, max);
}

/** One ordered index range a kind and priority, which SQLite merges without sorting. */
function frontOfLine(database: Database, query: DueQuery, limit: number): Candidate[] {
  if (query.kinds.length === 0) return [];
  const arms = query.kinds.flatMap(() => [frontArm(1), frontArm(0)]);
  const sql = `${arms.join(' UNION ALL ')} ORDER BY priority DESC, run_at_ms, key LIMIT ?`;
  const params = query.kinds.flatMap(kind => [kind, query.nowMs, kind, query.nowMs]);
  return candidates(database.statement(sql).all(...params, limit));
}

function candidates(rows: readonly Record<string, unknown>[]): Candidate[] {
  return rows.map(row => ({
    key: String(row.key),
    group: String(row.work_group),
    priority: priorityName(Number(row.priority)),
    runAtMs: Number(row.run_at_ms),
  }));
}

function frontArm(priority: 0 | 1): string {
  return `SELECT ${COLUMNS} FROM targets INDEXED BY targets_due
    WHERE ${WAITING} AND priority = ${priority} AND run_at_ms <= ?`;
}

function firstOfEachGroup(database: Database, query: DueQuery, room: GroupRoom): Candidate[] {
  const ofGroup = database.statement(OF_GROUP_SQL);
  const found: Candidate[] = [];
  for (const kind of query.kinds) {
    for (const group of waitingGroups(database, kind)) {
      for (const priority of [1, 0]) {
        const limit = Math.min(query.max, room.of(group, priorityName(priority)));
        if (limit >= 1) found.push(...candidates(ofGroup.all(kind, group, priority, query.nowMs, limit)));
      }
    }
  }
  return found;
}

/** Each group that has waiting items, by one index seek a group: the rows between are not read. */
export function* waitingGroups(database: Database, kind: string): Generator<string> {
  const next = database.statement(NEXT_GROUP_SQL);
  let name = database.statement(FIRST_GROUP_SQL).get(kind)?.name;
  for (; typeof name === 'string'; name = next.get(kind, name)?.name) yield name;
}
