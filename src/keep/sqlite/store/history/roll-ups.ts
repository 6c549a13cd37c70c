import type { CountedCommits } from '../../../store/commit-counts.ts';
import type { Database } from '../../database.ts';

const HOUR_OF_WEEK = '((authored_at + authored_zone * 60 + 259200) % 604800 + 604800) % 604800 / 3600';
// Other repositories may have written between: their commits in this range of ids are passed over.
const NEW_COMMITS = 'FROM commits NOT INDEXED WHERE repository_id = ?1 AND id >= ?2';
const ADD_COMMITS =
  'ON CONFLICT DO UPDATE SET commits = commits + excluded.commits, merges = merges + excluded.merges';
const FROM_ROWS = [
  `INSERT INTO author_days (repository_id, author_id, day, commits, merges)
   SELECT ?1, author_id, committed_at / 86400 AS day, count(*), sum(parent_count > 1)
   ${NEW_COMMITS} GROUP BY author_id, day ${ADD_COMMITS}`,
  `INSERT INTO repository_days (repository_id, day, commits, merges)
   SELECT ?1, committed_at / 86400 AS day, count(*), sum(parent_count > 1)
   ${NEW_COMMITS} GROUP BY day ${ADD_COMMITS}`,
  `INSERT INTO repository_hours (repository_id, four_weeks, hour_of_week, commits)
   SELECT ?1, committed_at / 2419200 AS four_weeks, ${HOUR_OF_WEEK} AS hour, count(*)
   ${NEW_COMMITS} GROUP BY four_weeks, hour
   ON CONFLICT DO UPDATE SET commits = commits + excluded.commits`,
];
/** A call costs more than a row: so many go into one. */
const ROWS_A_CALL = 16;
const AUTHOR_DAYS: Table = {
  into: 'author_days (repository_id, author_id, day, commits, merges)',
  columns: 5,
  onConflict: ADD_COMMITS,
};
const REPOSITORY_DAYS: Table = {
  into: 'repository_days (repository_id, day, commits, merges)',
  columns: 4,
  onConflict: ADD_COMMITS,
};
const REPOSITORY_HOURS: Table = {
  into: 'repository_hours (repository_id, four_weeks, hour_of_week, commits)',
  columns: 4,
  onConflict: 'ON CONFLICT DO UPDATE SET commits = commits + excluded.commits',
};

interface Table {
  readonly into: string;
  readonly columns: number;
  readonly onConflict: string;
}

/**
 * Counts commits of a repository into the daily roll-ups: those from an id on, which must not be in them yet. Within
 * the transaction that stores them. What is deleted is taken out by the trigger `commits_removed`.
 */
export function rollUp(database: Database, repositoryId: number, fromId: number): void {
  for (const sql of FROM_ROWS) database.statement(sql).run(repositoryId, fromId);
}

/** As `rollUp`, for what was counted while it was stored. */
export function rollUpCounted(database: Database, repositoryId: number, counted: CountedCommits): void {
  insertRows(
    database,
    AUTHOR_DAYS,
    counted.authorDays.flatMap(row => [repositoryId, ...row]),
  );
  insertRows(
    database,
    REPOSITORY_DAYS,
    counted.days.flatMap(row => [repositoryId, ...row]),
  );
  insertRows(
    database,
    REPOSITORY_HOURS,
    counted.hours.flatMap(row => [repositoryId, ...row]),
  );
}

/** @param values of all rows, one after the other */
function insertRows(
  database: Database,
  { into, columns, onConflict }: Table,
  values: readonly number[],
): void {
  const row = `(${Array.from({ length: columns }, () => '?').join(', ')})`;
  const insert = (rows: number): string =>
    `INSERT INTO ${into} VALUES ${Array.from({ length: rows }, () => row).join(', ')} ${onConflict}`;
  const many = database.statement(insert(ROWS_A_CALL));
  const size = ROWS_A_CALL * columns;
  let at = 0;
  for (; at + size <= values.length; at += size) many.run(...values.slice(at, at + size));
  const one = database.statement(insert(1));
  for (; at < values.length; at += columns) one.run(...values.slice(at, at + columns));
}
