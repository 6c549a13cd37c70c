import type { CommitRow } from '../../../store/types.ts';
import type { Database } from '../../database.ts';

const SECONDS_A_DAY = 86_400;
const SECONDS_A_WEEK = 7 * SECONDS_A_DAY;
const SECONDS_OF_FOUR_WEEKS = 4 * SECONDS_A_WEEK;
/** The epoch was a Thursday; weeks begin on Monday. */
const EPOCH_IN_ITS_WEEK = 3 * SECONDS_A_DAY;
const HOURS_A_WEEK = 168;
/** More days than there are until the year 9999, the latest that is stored. */
const DAYS = 2 ** 22;

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

/**
 * Commits counted while they are stored, so that they need not be read again and sorted by SQLite to be rolled up:
 * a third of the cost. Each is a key; sorting them puts equal ones together, and rows in the order of their table.
 */
export class CommitCounts {
  readonly #authorDays: Float64Array;
  readonly #days: Float64Array;
  readonly #hours: Float64Array;
  #size = 0;

  /** @param capacity the most commits that are counted before they are rolled up */
  constructor(capacity: number) {
    this.#authorDays = new Float64Array(capacity);
    this.#days = new Float64Array(capacity);
    this.#hours = new Float64Array(capacity);
  }

  /** Commits counted and not rolled up yet. */
  get size(): number {
    return this.#size;
  }

  add(commit: CommitRow, authorId: number): void {
    const day = Math.floor(commit.committedAt / SECONDS_A_DAY);
    const merge = commit.parents.length > 1 ? 1 : 0;
    const at = this.#size;
    this.#size += 1;
    this.#authorDays[at] = (authorId * DAYS + day) * 2 + merge;
    this.#days[at] = day * 2 + merge;
    this.#hours[at] =
      Math.floor(commit.committedAt / SECONDS_OF_FOUR_WEEKS) * HOURS_A_WEEK + hourOfWeek(commit);
  }

  clear(): void {
    this.#size = 0;
  }

  /** As `rollUp`, for what was counted. @returns commits by author */
  rollUp(database: Database, repositoryId: number): ReadonlyMap<number, number> {
    const perAuthor = new Map<number, number>();
    const authorDays: number[] = [];
    forEachDay(this.#sorted(this.#authorDays), (key, commits, merges) => {
      const author = Math.floor(key / DAYS);
      authorDays.push(repositoryId, author, key - author * DAYS, commits, merges);
      perAuthor.set(author, (perAuthor.get(author) ?? 0) + commits);
    });
    const days: number[] = [];
    forEachDay(this.#sorted(this.#days), (day, commits, merges) => {
      days.push(repositoryId, day, commits, merges);
    });
    const hours: number[] = [];
    forEachRun(this.#sorted(this.#hours), (key, commits) => {
      hours.push(repositoryId, Math.floor(key / HOURS_A_WEEK), key % HOURS_A_WEEK, commits);
    });
    insertRows(database, AUTHOR_DAYS, authorDays);
    insertRows(database, REPOSITORY_DAYS, days);
    insertRows(database, REPOSITORY_HOURS, hours);
    return perAuthor;
  }

  #sorted(keys: Float64Array): Float64Array {
    return keys.subarray(0, this.#size).sort();
  }
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

/** The hour of the week in the author's own time, Monday 00–01 being 0. */
function hourOfWeek({ authoredAt, authoredZone }: CommitRow): number {
  const seconds = (authoredAt + authoredZone * 60 + EPOCH_IN_ITS_WEEK) % SECONDS_A_WEEK;
  return Math.floor((seconds < 0 ? seconds + SECONDS_A_WEEK : seconds) / 3600);
}

function forEachRun(sorted: Float64Array, use: (key: number, count: number) => void): void {
  for (let from = 0; from < sorted.length; ) {
    const key = sorted[from] as number;
    let to = from + 1;
    while (to < sorted.length && sorted[to] === key) to += 1;
    use(key, to - from);
    from = to;
  }
}

/** Of keys whose lowest bit says that the commit is a merge: the rest of the key, with both counts. */
function forEachDay(sorted: Float64Array, use: (key: number, commits: number, merges: number) => void): void {
  for (let from = 0; from < sorted.length; ) {
    const key = Math.floor((sorted[from] as number) / 2);
    let merges = 0;
    let to = from;
    while (to < sorted.length && (sorted[to] as number) <= key * 2 + 1) {
      if (sorted[to] === key * 2 + 1) merges += 1;
      to += 1;
    }
    use(key, to - from, merges);
    from = to;
  }
}
