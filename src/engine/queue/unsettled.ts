import { readInteger, readText, readTextOrNull, type SqlRow } from '../../keep/store/rows/columns.ts';
import type { UnsettledWork } from './work-queue.ts';

/** A row of a count of items that are not well. Throws `database_invalid`. */
export function unsettledOf(row: SqlRow): UnsettledWork {
  return {
    kind: readText(row, 'kind'),
    group: readText(row, 'work_group'),
    state: readText(row, 'state') as UnsettledWork['state'],
    code: readTextOrNull(row, 'code'),
    message: readTextOrNull(row, 'message'),
    count: readInteger(row, 'items'),
    earliestMs: readInteger(row, 'earliest_ms'),
    example: readText(row, 'key'),
  };
}

/** Puts together what was counted by priority. Pure. */
export function mergeUnsettled(counted: readonly UnsettledWork[]): UnsettledWork[] {
  const merged = new Map<string, UnsettledWork>();
  for (const one of counted) {
    const key = JSON.stringify([one.kind, one.group, one.state, one.code]);
    const other = merged.get(key);
    const first = other && other.earliestMs <= one.earliestMs ? other : one;
    merged.set(key, { ...first, count: one.count + (other?.count ?? 0) });
  }
  return [...merged.values()];
}
