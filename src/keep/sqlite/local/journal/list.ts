import type { FileRecord, FileState, RecordFilter } from '../../../local/journal.ts';
import { readInteger } from '../../../store/rows/columns.ts';
import type { Database } from '../../database.ts';
import type { SqlValue } from '../../values.ts';
import { toRecord } from './rows.ts';

const DEFAULT_LIMIT = 100;
/** So many of the newest are looked at before an index is gone through from end to end. */
const NEWEST = 2000;

/** Conditions of a query, with their values in order. */
interface Where {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/**
 * Journal.list: records that fit, newest first. What fits is mostly among the newest; where it is not, profile, bucket
 * and path are looked through in the index that holds all three of them, a quarter of the table's pages. An index of
 * every three letters would answer in a tenth of that, and double what entering a file costs.
 */
export function listRecords(database: Database, filter: RecordFilter): FileRecord[] {
  const limit = filter.limit ?? DEFAULT_LIMIT;
  const { states } = filter;
  if (!states) return listInState(database, filter, undefined, limit);
  const lists = states.map(state => listInState(database, filter, state, limit));
  if (lists.length === 1) return lists[0] ?? [];
  return lists
    .flat()
    .sort((a, b) => b.id - a.id)
    .slice(0, limit);
}

/** Journal.count. */
export function countRecords(database: Database, filter: RecordFilter): number {
  const { errorCode, states, present } = filter;
  const all = join([
    errorCode !== undefined && { sql: 'error_code = ?', values: [errorCode] },
    states !== undefined && {
      sql: `current_state IN (${states.map(() => '?').join(', ')})`,
      values: states,
    },
    present === true && { sql: 'removed_at_ms IS NULL', values: [] },
    ...placeConditions(filter),
  ]);
  const row = database.first(`SELECT count(*) AS records FROM file_records WHERE ${all.sql}`, ...all.values);
  return row ? readInteger(row, 'records') : 0;
}

function listInState(
  database: Database,
  filter: RecordFilter,
  state: FileState | undefined,
  limit: number,
): FileRecord[] {
  const { errorCode, beforeId, present } = filter;
  const place = placeConditions(filter);
  const all = join([
    errorCode !== undefined && { sql: 'error_code = ?', values: [errorCode] },
    state !== undefined && { sql: 'current_state = ?', values: [state] },
    beforeId !== undefined && { sql: 'id < ?', values: [beforeId] },
    present === true && { sql: 'removed_at_ms IS NULL', values: [] },
    ...place,
  ]);
  const access = accessPath(errorCode, state);
  const select = (where: Where): FileRecord[] =>
    database
      .all(
        `SELECT * FROM file_records ${access} WHERE ${where.sql} ORDER BY id DESC LIMIT ?`,
        ...where.values,
        limit,
      )
      .map(toRecord);
  if (place.length === 0) return select(all);

  const driver = join([
    errorCode !== undefined && { sql: 'error_code = ?', values: [errorCode] },
    errorCode === undefined && state !== undefined && { sql: 'current_state = ?', values: [state] },
    beforeId !== undefined && { sql: 'id < ?', values: [beforeId] },
  ]);
  const lowest = database.first(
    `SELECT id FROM file_records ${access} WHERE ${driver.sql} ORDER BY id DESC LIMIT 1 OFFSET ${NEWEST - 1}`,
    ...driver.values,
  );
  if (!lowest) return select(all);
  const found = select(join([all, { sql: 'id >= ?', values: [readInteger(lowest, 'id')] }]));
  if (found.length === limit) return found;
  return database
    .all(
      `SELECT * FROM file_records WHERE id IN (
         SELECT id FROM file_records INDEXED BY file_records_by_path WHERE ${all.sql} ORDER BY id DESC LIMIT ?)
       ORDER BY id DESC`,
      ...all.values,
      limit,
    )
    .map(toRecord);
}

/** The way that goes through the fewest records in the order of their ids. */
function accessPath(errorCode: string | undefined, state: FileState | undefined): string {
  if (errorCode !== undefined) return 'INDEXED BY file_records_by_cause';
  return state === undefined ? 'NOT INDEXED' : 'INDEXED BY file_records_by_state';
}

/** What the index of paths can answer by itself. */
function placeConditions({ profile, bucket, text }: RecordFilter): Where[] {
  const conditions: Where[] = [];
  if (profile !== undefined) conditions.push({ sql: 'profile = ?', values: [profile] });
  if (bucket !== undefined) conditions.push({ sql: 'bucket = ?', values: [bucket] });
  if (text !== undefined) conditions.push(textCondition(text));
  return conditions;
}

const HAS = "LIKE ? ESCAPE '\\'";

/** `text` stands in `profile/bucket/path`: the three are put together only where it may reach over an edge of them. */
function textCondition(text: string): Where {
  const literal = text.replace(/[\\%_]/g, '\\$&');
  const anywhere = `%${literal}%`;
  const edge = literal.indexOf('/');
  if (edge < 0)
    return {
      sql: `(filepath ${HAS} OR bucket ${HAS} OR profile ${HAS})`,
      values: [anywhere, anywhere, anywhere],
    };
  const ending = `%${literal.slice(0, edge)}`;
  return {
    sql: `(filepath ${HAS} OR ((bucket ${HAS} OR profile ${HAS}) AND profile || '/' || bucket || '/' || filepath ${HAS}))`,
    values: [anywhere, ending, ending, anywhere],
  };
}

function join(conditions: readonly (Where | false)[]): Where {
  const given = conditions.filter(condition => condition !== false);
  return {
    sql: ['1', ...given.map(({ sql }) => sql)].join(' AND '),
    values: given.flatMap(({ values }) => values),
  };
}
