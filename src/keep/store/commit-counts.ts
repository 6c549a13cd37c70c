import type { CommitRow } from './types.ts';

const SECONDS_A_DAY = 86_400;
const SECONDS_A_WEEK = 7 * SECONDS_A_DAY;
const SECONDS_OF_FOUR_WEEKS = 4 * SECONDS_A_WEEK;
/** The epoch was a Thursday; weeks begin on Monday. */
const EPOCH_IN_ITS_WEEK = 3 * SECONDS_A_DAY;
const HOURS_A_WEEK = 168;
/** More days than there are until the year 9999, the latest that is stored. */
const DAYS = 2 ** 22;

type AuthorDay = readonly [author: number, day: number, commits: number, merges: number];
type Day = readonly [day: number, commits: number, merges: number];
type Hour = readonly [fourWeeks: number, hourOfWeek: number, commits: number];

/** Commits by what the roll-ups count them by. */
export interface CountedCommits {
  readonly perAuthor: ReadonlyMap<number, number>;
  readonly authorDays: readonly AuthorDay[];
  readonly days: readonly Day[];
  readonly hours: readonly Hour[];
}

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
    const authorDays: AuthorDay[] = [];
    forEachDay(this.#sorted(this.#authorDays), (key, commits, merges) => {
      const author = Math.floor(key / DAYS);
      authorDays.push([author, key - author * DAYS, commits, merges]);
      perAuthor.set(author, (perAuthor.get(author) ?? 0) + commits);
    });
    const days: Day[] = [];
    forEachDay(this.#sorted(this.#days), (day, commits, merges) => {
      days.push([day, commits, merges]);
    });
    const hours: Hour[] = [];
    forEachRun(this.#sorted(this.#hours), (key, commits) => {
      hours.push([Math.floor(key / HOURS_A_WEEK), key % HOURS_A_WEEK, commits]);
    });
    this.#size = 0;
    return { perAuthor, authorDays, days, hours };
  }

  #sorted(keys: Float64Array): Float64Array {
    return keys.subarray(0, this.#size).sort();
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
