import type { CommitRow } from './types.ts';

const SECONDS_A_DAY = 86_400;
const SECONDS_A_WEEK = 7 * SECONDS_A_DAY;
const SECONDS_OF_FOUR_WEEKS = 4 * SECONDS_A_WEEK;
/** The epoch was a Thursday; weeks begin on Monday. */
const EPOCH_IN_ITS_WEEK = 3 * SECONDS_A_DAY;
const HOURS_A_WEEK = 168;
/** More days than there are until the year 9999, the latest that is stored. */
const DAYS = 2 ** 22;

/** Commits by what the roll-ups count them by, in the order of their keys; each table's rows one after the other. */
export interface CountedCommits {
  readonly perAuthor: ReadonlyMap<number, number>;
  /** Author, day, commits, merges. */
  readonly authorDays: Float64Array;
  /** Day, commits, merges. */
  readonly days: Float64Array;
  /** Four weeks, hour of the week, commits. */
  readonly hours: Float64Array;
}

/** How many numbers a row of each has. */
export const AUTHOR_DAY_NUMBERS = 4;
export const DAY_NUMBERS = 3;
export const HOUR_NUMBERS = 3;

/**
 * Commits counted while they are stored, so that they need not be read again and sorted by the database to be rolled
 * up: a third of the cost. Each is a key; sorting them puts equal ones together, and rows in the order of their table.
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

  /** Forgets what was counted. */
  clear(): void {
    this.#size = 0;
  }

  /** What was counted, by the rows of each roll-up, in the order of their keys. */
  take(): CountedCommits {
    const perAuthor = new Map<number, number>();
    const authorDays = new Rows(this.#size * AUTHOR_DAY_NUMBERS);
    forEachDay(this.#sorted(this.#authorDays), (key, commits, merges) => {
      const author = Math.floor(key / DAYS);
      authorDays.add(author, key - author * DAYS, commits, merges);
      perAuthor.set(author, (perAuthor.get(author) ?? 0) + commits);
    });
    const days = new Rows(this.#size * DAY_NUMBERS);
    forEachDay(this.#sorted(this.#days), (day, commits, merges) => days.add(day, commits, merges));
    const hours = new Rows(this.#size * HOUR_NUMBERS);
    forEachRun(this.#sorted(this.#hours), (key, commits) =>
      hours.add(Math.floor(key / HOURS_A_WEEK), key % HOURS_A_WEEK, commits),
    );
    this.#size = 0;
    return { perAuthor, authorDays: authorDays.values, days: days.values, hours: hours.values };
  }

  #sorted(keys: Float64Array): Float64Array {
    return keys.subarray(0, this.#size).sort();
  }
}

/** Rows as they come. An array for each would be some megabytes of garbage at a time, all of it alive when it is collected. */
class Rows {
  readonly #values: Float64Array;
  #length = 0;

  constructor(mostNumbers: number) {
    this.#values = new Float64Array(mostNumbers);
  }

  get values(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }

  add(...row: readonly number[]): void {
    for (const value of row) {
      this.#values[this.#length] = value;
      this.#length += 1;
    }
  }
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
