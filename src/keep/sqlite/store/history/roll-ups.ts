import {
  AUTHOR_DAY_NUMBERS,
  type CountedCommits,
  DAY_NUMBERS,
  HOUR_NUMBERS,
} from '../../../store/commit-counts.ts';
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
  numbers: AUTHOR_DAY_NUMBERS,
  onConflict: ADD_COMMITS,
};
const REPOSITORY_DAYS: Table = {
  into: 'repository_days (repository_id, day, commits, merges)',
  numbers: DAY_NUMBERS,
  onConflict: ADD_COMMITS,
};
const REPOSITORY_HOURS: Table = {
  into: 'repository_hours (repository_id, four_weeks, hour_of_week, commits)',
  numbers: HOUR_NUMBERS,
  onConflict: 'ON CONFLICT DO UPDATE SET commits = commits + excluded.commits',
};

interface Table {
  readonly into: string;
  /** Columns beside the repository. */
  readonly numbers: number;
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
  insertRows(database, repositoryId, AUTHOR_DAYS, counted.authorDays);
  insertRows(database, repositoryId, REPOSITORY_DAYS, counted.days);
  insertRows(database, repositoryId, REPOSITORY_HOURS, counted.hours);
}

/** @param values of all rows, one after the other, without the repository */
function insertRows(
  database: Database,
  repositoryId: number,
  { into, numbers, onConflict }: Table,
  values: Float64Array,
): void {
  const row = `(?1${', ?'.repeat(numbers)})`;
  const insert = (rows: number): string =>
    `INSERT INTO ${into} VALUES ${Array.from({ length: rows }, () => row).join(', ')} ${onConflict}`;
  const many = database.statement(insert(ROWS_A_CALL));
  const size = ROWS_A_CALL * numbers;
  let at = 0;
  for (; at + size <= values.length; at += size) many.run(repositoryId, ...values.subarray(at, at + size));
  const one = database.statement(insert(1));
  for (; at < values.length; at += numbers) one.run(repositoryId, ...values.subarray(at, at + numbers));
}
