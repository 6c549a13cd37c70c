import { FILE_STATES, type FileRecord, type FileState, type RecordFilter } from '../../../local/journal.ts';
import type { RecordOrder } from '../../../local/record-order.ts';
import { readInteger } from '../../../store/rows/columns.ts';
import type { Database } from '../../database.ts';
import type { SqlValue } from '../../values.ts';
import { toRecord } from './rows.ts';

const DEFAULT_LIMIT = 100;
/** So many of the newest are looked at before an index is gone through from end to end. */
const NEWEST = 2000;
/** So many at most are looked up and put in order, where they are all that may fit; more are met on the way soon enough. */
const FEW = 2000;

/** Conditions of a query, with their values in order. */
interface Where {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** What an order goes by, and the index that is in it; `recordPlace` has the same of a record. */
interface Way {
  readonly columns: readonly string[];
  readonly access: string;
  /** What comes first is the greatest, unless reversed. */
  readonly descends: boolean;
}

const WAYS: Readonly<Record<RecordOrder, Way>> = {
  newest: { columns: ['id'], access: 'NOT INDEXED', descends: true },
  path: {
    columns: ['filepath', 'bucket', 'profile', 'id'],
    access: 'INDEXED BY file_records_by_path',
    descends: false,
  },
  size: {
    columns: ['size_bytes', 'current_state', 'id'],
    access: 'INDEXED BY file_records_by_size',
    descends: true,
  },
  change: {
    columns: ['last_updated', 'current_state', 'id'],
    access: 'INDEXED BY file_records_by_change',
    descends: true,
  },
};

const BY_CAUSE = 'INDEXED BY file_records_by_cause';
const BY_STATE = 'INDEXED BY file_records_by_state';

/** A list as it is asked for. */
interface Asked {
  readonly filter: RecordFilter;
  /** On profile, bucket and path, which their index answers by itself; undefined: none. */
  readonly place: Where | undefined;
  /** What the page comes after. */
  readonly after: Where | false;
  /** `ORDER BY`. */
  readonly by: string;
  readonly limit: number;
  readonly offset: number;
}

/**
 * Journal.list: the ids of a page are found in an index, and only their records are read, however far down the page is.
 * Where few records may fit, those are looked up and put in order; otherwise the index of the order is gone through, in
 * which what fits is met soon. What stands in few paths is found in the index of paths, which has profile and bucket as
 * well, a quarter of the table's pages: an index of every three letters would answer in a tenth of that, and double what
 * entering a file costs.
 */
export function listRecords(database: Database, filter: RecordFilter): FileRecord[] {
  const { limit = DEFAULT_LIMIT, offset = 0, order = 'newest', reverse = false } = filter;
  const { columns, descends } = WAYS[order];
  const by = columns.map(column => `${column} ${descends === reverse ? 'ASC' : 'DESC'}`).join(', ');
  const ids = idsOf(database, {
    filter,
    by,
    limit,
    offset,
    place: placeOf(filter),
    after: afterCondition(filter),
  });
  return database
    .all(
      `SELECT * FROM file_records WHERE id IN (SELECT value FROM json_each(?)) ORDER BY ${by}`,
      JSON.stringify(ids),
    )
    .map(toRecord);
}

/** Journal.count. */
export function countRecords(database: Database, filter: RecordFilter): number {
  const all = whole({ filter, place: placeOf(filter), after: false });
  const row = database.first(`SELECT count(*) AS records FROM file_records WHERE ${all.sql}`, ...all.values);
  return row ? readInteger(row, 'records') : 0;
}

/** The ids of a page, in whatever order. */
function idsOf(database: Database, asked: Asked): number[] {
  const { filter, place, offset } = asked;
  const { order = 'newest', reverse = false, states, errorCode } = filter;
  const all = whole(asked);
  if (place && order === 'newest' && !reverse && offset === 0) {
    const found = amongNewest(database, asked);
    if (found) return found;
  }
  if (errorCode !== undefined && (order === 'newest' || isFew(database, BY_CAUSE, causeCondition(errorCode))))
    return select(database, asked, BY_CAUSE, all);
  if (states && isFew(database, BY_STATE, statesCondition(states)))
    return select(database, asked, BY_STATE, all);
  const few = place && fewPlaced(database, place);
  if (few) return select(database, asked, 'NOT INDEXED', join([all, amongIds(few)]));
  if (order === 'newest' && states) return selectMerged(database, asked, states);
  if (order === 'path' && states)
    return select(database, asked, WAYS.path.access, whole(asked, exceptOthers(states)));
  // Far down, what does not fit is looked up once in the index of paths, rather than the path of each record on the way.
  if (place && offset > FEW && (order === 'size' || order === 'change'))
    return select(database, asked, WAYS[order].access, whole({ ...asked, place: exceptElsewhere(place) }));
  return select(database, asked, WAYS[order].access, all);
}

function select(database: Database, { by, limit, offset }: Asked, access: string, where: Where): number[] {
  return database
    .all(
      `SELECT id FROM file_records ${access} WHERE ${where.sql} ORDER BY ${by} LIMIT ? OFFSET ?`,
      ...where.values,
      limit,
      offset,
    )
    .map(row => readInteger(row, 'id'));
}

/** As `select` by number: each state has them in order, and they are put together on the way. */
function selectMerged(database: Database, asked: Asked, states: readonly FileState[]): number[] {
  const parts = states.map(state => whole(asked, statesCondition([state])));
  if (parts.length === 0) return [];
  const selects = parts.map(({ sql }) => `SELECT id FROM file_records ${BY_STATE} WHERE ${sql}`);
  return database
    .all(
      `SELECT id FROM (${selects.join(' UNION ALL ')}) ORDER BY ${asked.by} LIMIT ? OFFSET ?`,
      ...parts.flatMap(({ values }) => values),
      asked.limit,
      asked.offset,
    )
    .map(row => readInteger(row, 'id'));
}

/** A page of what is new enough, where that fills it. */
function amongNewest(database: Database, asked: Asked): number[] | undefined {
  const { states, errorCode } = asked.filter;
  if (errorCode === undefined && states && states.length > 1) return undefined;
  const access = errorCode !== undefined ? BY_CAUSE : states ? BY_STATE : WAYS.newest.access;
  const driver = join([
    errorCode !== undefined && causeCondition(errorCode),
    errorCode === undefined && states !== undefined && statesCondition(states),
    asked.after,
  ]);
  const lowest = database.first(
    `SELECT id FROM file_records ${access} WHERE ${driver.sql} ORDER BY id DESC LIMIT 1 OFFSET ${NEWEST - 1}`,
    ...driver.values,
  );
  if (!lowest) return select(database, asked, access, whole(asked));
  const recent = { sql: 'id >= ?', values: [readInteger(lowest, 'id')] };
  const found = select(database, asked, access, join([whole(asked), recent]));
  return found.length === asked.limit ? found : undefined;
}

/** Whether an index has few records under a condition; it is looked at no further than that. */
function isFew(database: Database, access: string, { sql, values }: Where): boolean {
  const row = database.first(
    `SELECT count(*) AS records FROM (SELECT 1 FROM file_records ${access} WHERE ${sql} LIMIT ${FEW + 1})`,
    ...values,
  );
  return row !== undefined && readInteger(row, 'records') <= FEW;
}

/** All records in a place, where they are few. */
function fewPlaced(database: Database, { sql, values }: Where): readonly number[] | undefined {
  const rows = database.all(
    `SELECT id FROM file_records ${WAYS.path.access} WHERE ${sql} LIMIT ${FEW + 1}`,
    ...values,
  );
  return rows.length > FEW ? undefined : rows.map(row => readInteger(row, 'id'));
}

/** All conditions of a list together. @param states in the place of those on its states */
function whole({ filter, place, after }: Pick<Asked, 'filter' | 'place' | 'after'>, states?: Where): Where {
  const { errorCode, present } = filter;
  return join([
    errorCode !== undefined && causeCondition(errorCode),
    states ?? (filter.states !== undefined && statesCondition(filter.states)),
    present === true && { sql: 'removed_at_ms IS NULL', values: [] },
    place ?? false,
    after,
  ]);
}

function causeCondition(errorCode: string): Where {
  return { sql: 'error_code = ?', values: [errorCode] };
}

function statesCondition(states: readonly FileState[]): Where {
  return { sql: `current_state IN (${marks(states)})`, values: states };
}

/** As `statesCondition`, for an index without states: those that are not wanted are looked up once. */
function exceptOthers(states: readonly FileState[]): Where {
  const others = FILE_STATES.filter(state => !states.includes(state));
  const { sql, values } = statesCondition(others);
  return { sql: `id NOT IN (SELECT id FROM file_records ${BY_STATE} WHERE ${sql})`, values };
}

/** As `place`, for an index without paths. */
function exceptElsewhere({ sql, values }: Where): Where {
  return { sql: `id NOT IN (SELECT id FROM file_records ${WAYS.path.access} WHERE NOT (${sql}))`, values };
}

function amongIds(ids: readonly number[]): Where {
  return { sql: 'id IN (SELECT value FROM json_each(?))', values: [JSON.stringify(ids)] };
}

/** What comes after a place in the order. */
function afterCondition({ after, order = 'newest', reverse = false }: RecordFilter): Where | false {
  if (after === undefined) return false;
  const { columns, descends } = WAYS[order];
  const sign = descends === reverse ? '>' : '<';
  return { sql: `(${columns.join(', ')}) ${sign} (${marks(columns)})`, values: after };
}

function placeOf({ profile, bucket, text }: RecordFilter): Where | undefined {
  const conditions: Where[] = [];
  if (profile !== undefined) conditions.push({ sql: 'profile = ?', values: [profile] });
  if (bucket !== undefined) conditions.push({ sql: 'bucket = ?', values: [bucket] });
  if (text !== undefined) conditions.push(textCondition(text));
  return conditions.length === 0 ? undefined : join(conditions);
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

/** `?, ?, ?`, one for each. */
function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

function join(conditions: readonly (Where | false)[]): Where {
  const given = conditions.filter(condition => condition !== false);
  return {
    sql: ['1', ...given.map(({ sql }) => sql)].join(' AND '),
    values: given.flatMap(({ values }) => values),
  };
}
