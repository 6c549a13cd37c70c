import {
  AUTHOR_DAY_NUMBERS,
  type CountedCommits,
  DAY_NUMBERS,
  HOUR_NUMBERS,
} from '../../../store/commit-counts.ts';
import type { CopyTarget } from '../../copy.ts';
import type { SqlExecutor, Transaction } from '../../executor.ts';

const ADD_COMMITS =
  'DO UPDATE SET commits = rolled.commits + excluded.commits, merges = rolled.merges + excluded.merges';
const AUTHOR_DAYS = `
  INSERT INTO author_days AS rolled (repository_id, author_id, day, commits, merges)
  SELECT $1, * FROM unnest($2::bigint[], $3::integer[], $4::integer[], $5::integer[])
  ON CONFLICT (repository_id, author_id, day) ${ADD_COMMITS}`;
const ANY_AUTHOR_DAY = 'SELECT FROM author_days WHERE repository_id = $1 LIMIT 1';
const INTO_AUTHOR_DAYS: CopyTarget = {
  table: 'author_days',
  columns: {
    repository_id: 'bigint',
    author_id: 'bigint',
    day: 'integer',
    commits: 'integer',
    merges: 'integer',
  },
};
const INTO_REPOSITORY_DAYS: CopyTarget = {
  table: 'repository_days',
  columns: { repository_id: 'bigint', day: 'integer', commits: 'integer', merges: 'integer' },
};
const INTO_REPOSITORY_HOURS: CopyTarget = {
  table: 'repository_hours',
  columns: { repository_id: 'bigint', four_weeks: 'integer', hour_of_week: 'integer', commits: 'integer' },
};
const REPOSITORY_DAYS = `
  INSERT INTO repository_days AS rolled (repository_id, day, commits, merges)
  SELECT $1, * FROM unnest($2::integer[], $3::integer[], $4::integer[]) ON CONFLICT (repository_id, day) ${ADD_COMMITS}`;
const REPOSITORY_HOURS = `
  INSERT INTO repository_hours AS rolled (repository_id, four_weeks, hour_of_week, commits)
  SELECT $1, * FROM unnest($2::integer[], $3::integer[], $4::integer[])
  ON CONFLICT (repository_id, four_weeks, hour_of_week) DO UPDATE SET commits = rolled.commits + excluded.commits`;
const COUNT_COMMITS = `
  UPDATE identities SET commits = commits + counted.change
    FROM unnest($1::bigint[], $2::bigint[]) AS counted (id, change) WHERE identities.id = counted.id`;

const HOUR_OF_WEEK = '((authored_at + authored_zone * 60 + 259200) % 604800 + 604800) % 604800 / 3600';
const UNCOUNTED = 'FROM commits WHERE repository_id = $1 AND id >= $2';
const FROM_ROWS = [
  `INSERT INTO author_days AS rolled (repository_id, author_id, day, commits, merges)
   SELECT $1, author_id, committed_at / 86400 AS day, count(*), count(*) FILTER (WHERE parent_count > 1)
   ${UNCOUNTED} GROUP BY author_id, day ON CONFLICT (repository_id, author_id, day) ${ADD_COMMITS}`,
  `INSERT INTO repository_days AS rolled (repository_id, day, commits, merges)
   SELECT $1, committed_at / 86400 AS day, count(*), count(*) FILTER (WHERE parent_count > 1)
   ${UNCOUNTED} GROUP BY day ON CONFLICT (repository_id, day) ${ADD_COMMITS}`,
  `INSERT INTO repository_hours AS rolled (repository_id, four_weeks, hour_of_week, commits)
   SELECT $1, committed_at / 2419200 AS four_weeks, ${HOUR_OF_WEEK} AS hour, count(*)
   ${UNCOUNTED} GROUP BY four_weeks, hour
   ON CONFLICT (repository_id, four_weeks, hour_of_week) DO UPDATE SET commits = rolled.commits + excluded.commits`,
  `UPDATE identities SET commits = identities.commits + counted.written
   FROM (SELECT author_id, count(*) AS written ${UNCOUNTED} GROUP BY author_id) AS counted
   WHERE identities.id = counted.author_id`,
];

/** So many commits are counted in memory before they are rolled up. */
export const COUNTED_AT_ONCE = 131_072;

/**
 * Adds commits that were counted while they were stored to the roll-ups and to their authors. Where there are none yet, as
 * in a first bake, they need not be looked for. Nobody else adds any: the repository is held.
 */
export async function rollUpCounts(
  transaction: Transaction,
  repositoryId: number,
  { authorDays, days, hours, perAuthor }: CountedCommits,
): Promise<void> {
  if (await transaction.first(ANY_AUTHOR_DAY, [repositoryId])) {
    const add = (sql: string, values: Float64Array, numbers: number): Promise<number> =>
      transaction.execute(sql, [repositoryId, ...columnsOf(values, numbers)]);
    await add(AUTHOR_DAYS, authorDays, AUTHOR_DAY_NUMBERS);
    await add(REPOSITORY_DAYS, days, DAY_NUMBERS);
    await add(REPOSITORY_HOURS, hours, HOUR_NUMBERS);
  } else {
    const copy = (into: CopyTarget, values: Float64Array, numbers: number): Promise<void> =>
      transaction.copyIn(into, rowsOf(repositoryId, values, numbers));
    await copy(INTO_AUTHOR_DAYS, authorDays, AUTHOR_DAY_NUMBERS);
    await copy(INTO_REPOSITORY_DAYS, days, DAY_NUMBERS);
    await copy(INTO_REPOSITORY_HOURS, hours, HOUR_NUMBERS);
  }
  await transaction.execute(COUNT_COMMITS, [[...perAuthor.keys()], [...perAuthor.values()]]);
}

function* rowsOf(repositoryId: number, values: Float64Array, numbers: number): Generator<number[]> {
  for (let at = 0; at < values.length; at += numbers)
    yield [repositoryId, ...values.subarray(at, at + numbers)];
}

function columnsOf(values: Float64Array, numbers: number): number[][] {
  return Array.from({ length: numbers }, (_, column) =>
    Array.from({ length: values.length / numbers }, (__, row) => values[row * numbers + column] as number),
  );
}

/** The same from the rows of commits from an id on, which nobody has counted. */
export async function rollUpRows(
  transaction: SqlExecutor,
  repositoryId: number,
  fromId: number,
): Promise<void> {
  for (const sql of FROM_ROWS) await transaction.execute(sql, [repositoryId, fromId]);
}
