import type { Database } from '../../../keep/sqlite/database.ts';
import type { Priority } from '../work-queue.ts';
import { priorityName } from './targets.ts';

/** What of a due row decides when and whether it is taken. */
interface Candidate {
  readonly key: string;
  readonly work_group: string;
  readonly priority: number;
  readonly run_at_ms: number;
}

export interface DueQuery {
  readonly kinds: readonly string[];
  readonly nowMs: number;
  readonly max: number;
  /** Absent: no limit by group. */
  readonly room?: GroupRoom;
}

const WAITING = 'kind = ? AND lease_owner IS NULL';
/** Looked at in order before each group is asked on its own: covers every case in which groups are not badly uneven. */
const lookahead = (max: number): number => 2 * max + 32;

const FIRST_GROUP_SQL = `SELECT min(work_group) AS name FROM targets INDEXED BY targets_due_by_group WHERE ${WAITING}`;
const NEXT_GROUP_SQL = `${FIRST_GROUP_SQL} AND work_group > ?`;
const OF_GROUP_SQL = `SELECT key, work_group, priority, run_at_ms FROM targets INDEXED BY targets_due_by_group
  WHERE ${WAITING} AND work_group = ? AND priority = ? AND run_at_ms <= ? ORDER BY run_at_ms, key LIMIT ?`;
const ANY_SQL = `SELECT 1 FROM targets INDEXED BY targets_due WHERE ${WAITING} AND priority = ? AND run_at_ms <= ? LIMIT 1`;

/** How many more claims each group bears; `take` uses one up. */
export class GroupRoom {
  readonly #limit: (group: string, priority: Priority) => number;
  readonly #running: Map<string, number>;

  constructor(
    limit: number | ((group: string, priority: Priority) => number),
    running: ReadonlyMap<string, number>,
  ) {
    this.#limit = typeof limit === 'number' ? () => limit : limit;
    this.#running = new Map(running);
  }

  of(group: string, priority: Priority): number {
    return this.#limit(group, priority) - (this.#running.get(group) ?? 0);
  }

  /** Whether there was room for one more; it is taken then. */
  take(group: string, priority: Priority): boolean {
    if (this.of(group, priority) < 1) return false;
    this.#running.set(group, (this.#running.get(group) ?? 0) + 1);
    return true;
  }
}

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
  const limit = room ? lookahead(max) : max;
  const front = frontOfLine(database, query, limit);
  if (!room) return front.map(({ key }) => key);
  const keys: string[] = [];
  const free = takable(front, room, max);
  if (free.length === max || front.length < limit) {
    for (const each of free) if (room.take(each.work_group, priorityName(each.priority))) keys.push(each.key);
    return keys;
  }
  for (const each of firstOfEachGroup(database, query, room)) {
    if (keys.length < max && room.take(each.work_group, priorityName(each.priority))) keys.push(each.key);
  }
  return keys;
}

/** Those of the candidates, in order, that find room, without using it up. */
function takable(candidates: readonly Candidate[], room: GroupRoom, max: number): Candidate[] {
  const used = new Map<string, number>();
  const free: Candidate[] = [];
  for (const candidate of candidates) {
    const count = used.get(candidate.work_group) ?? 0;
    const left = room.of(candidate.work_group, priorityName(candidate.priority));
    if (free.length === max || left - count < 1) continue;
    used.set(candidate.work_group, count + 1);
    free.push(candidate);
  }
  return free;
}

/** One ordered index range a kind and priority, which SQLite merges without sorting. */
function frontOfLine(database: Database, query: DueQuery, limit: number): Candidate[] {
  if (query.kinds.length === 0) return [];
  const arms = query.kinds.flatMap(() => [frontArm(1), frontArm(0)]);
  const sql = `${arms.join(' UNION ALL ')} ORDER BY priority DESC, run_at_ms, key LIMIT ?`;
  const params = query.kinds.flatMap(kind => [kind, query.nowMs, kind, query.nowMs]);
  return database.statement(sql).all(...params, limit) as unknown as Candidate[];
}

function frontArm(priority: 0 | 1): string {
  return `SELECT key, work_group, priority, run_at_ms FROM targets INDEXED BY targets_due
    WHERE ${WAITING} AND priority = ${priority} AND run_at_ms <= ?`;
}

function firstOfEachGroup(database: Database, query: DueQuery, room: GroupRoom): Candidate[] {
  const ofGroup = database.statement(OF_GROUP_SQL);
  const candidates: Candidate[] = [];
  for (const kind of query.kinds) {
    for (const group of waitingGroups(database, kind)) {
      for (const priority of [1, 0]) {
        const limit = Math.min(query.max, room.of(group, priorityName(priority)));
        if (limit < 1) continue;
        candidates.push(
          ...(ofGroup.all(kind, group, priority, query.nowMs, limit) as unknown as Candidate[]),
        );
      }
    }
  }
  return candidates.sort(inLine);
}

/** Each group that has waiting items, by one index seek a group: the rows between are not read. */
function* waitingGroups(database: Database, kind: string): Generator<string> {
  const next = database.statement(NEXT_GROUP_SQL);
  let name = database.statement(FIRST_GROUP_SQL).get(kind)?.name;
  for (; typeof name === 'string'; name = next.get(kind, name)?.name) yield name;
}

function inLine(first: Candidate, second: Candidate): number {
  return (
    second.priority - first.priority ||
    first.run_at_ms - second.run_at_ms ||
    // SQLite compares keys as UTF-8 bytes, JavaScript as UTF-16.
    Buffer.compare(Buffer.from(first.key), Buffer.from(second.key))
  );
}
