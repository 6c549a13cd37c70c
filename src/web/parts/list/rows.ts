// The rows of a long list as far as they are known here: parts of it are asked for as they come into view, and looked at
// anew when something has changed.
//
// At rest → asking (a part in view is missing, or all in view is to be asked anew) → at rest. A part that is no longer in
// view when its turn comes is not asked for. After an error what is missing is asked for when the view changes, when
// something does, or some seconds later.
import { signal } from '@preact/signals';
import { StationProblem } from '../../../client/client.ts';

/** A part of a list. */
export interface Part {
  readonly offset: number;
  readonly limit: number;
}

export interface PartAnswer<Row> {
  readonly rows: readonly Row[];
  /** Of all that fit. */
  readonly total: number;
}

/** By how many places rows moved because of what came or went before them. */
export type Moved = (places: number) => void;

interface RowsOptions<Row> {
  readonly ask: (part: Part, signal: AbortSignal) => Promise<PartAnswer<Row>>;
  readonly keyOf: (row: Row) => string;
  /** Called before what moved is shown. */
  readonly onMoved: Moved;
}

const PART_ROWS = 100;
/** Beyond either end of what is seen, where it is looked for after something has changed. */
const MARGIN_ROWS = 100;
/** As many as are kept in memory; those in view are among them. */
const MOST_ROWS = 5_000;
/** What is in view is asked for anew after so long at the soonest: things may happen every second. */
const LEAST_MS = 1_000;
/** What failed is asked for again after so long, unless it was refused. */
const AGAIN_MS = 5_000;

export class Rows<Row> {
  readonly #options: RowsOptions<Row>;
  readonly #rows = new Map<number, Row>();
  readonly #ended = new AbortController();
  #view = { first: 0, end: PART_ROWS, seenFirst: 0 };
  #total: number | undefined;
  #isAsking = false;
  #isStale = false;
  #failedAt: number | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #againTimer: ReturnType<typeof setTimeout> | undefined;

  /** Counts what came of questions: whoever reads it is told of the next. */
  readonly version = signal(0);
  /** Why what was asked for last did not come. */
  error: Error | undefined;

  constructor(options: RowsOptions<Row>) {
    this.#options = options;
  }

  /** Of all that fit; undefined: not known yet. */
  get total(): number | undefined {
    return this.#total;
  }

  at(index: number): Row | undefined {
    return this.#rows.get(index);
  }

  /** Where a row stands, if it is known. */
  placeOf(key: string): number | undefined {
    for (const [index, row] of this.#rows) if (this.#options.keyOf(row) === key) return index;
    return undefined;
  }

  /** These rows are in view: what is missing of them is asked for. */
  look(view: { readonly first: number; readonly end: number; readonly seenFirst: number }): void {
    this.#view = view;
    this.#failedAt = undefined;
    void this.#go();
  }

  /** Something may have changed. */
  refresh(): void {
    if (this.#total === undefined && this.#failedAt === undefined) return;
    this.#isStale = true;
    this.#failedAt = undefined;
    if (this.#isAsking || this.#timer !== undefined) return;
    const restMs = LEAST_MS - (performance.now() - this.#askedAtMs);
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.#go();
      },
      Math.max(0, restMs),
    );
  }

  /** All rows from one to another one, asked for where they are not known. */
  async range(first: number, last: number): Promise<readonly Row[]> {
    const rows: Row[] = [];
    for (let index = first; index <= last; ) {
      const known = this.#rows.get(index);
      const found = known
        ? [known]
        : (
            await this.#options.ask(
              { offset: index, limit: Math.min(1000, last - index + 1) },
              this.#ended.signal,
            )
          ).rows;
      if (found.length === 0) break;
      rows.push(...found);
      index += found.length;
    }
    return rows;
  }

  /** Nothing is asked for any more. */
  end(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#againTimer);
    this.#ended.abort();
  }

  async #go(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      for (;;) {
        const missing = this.#missing();
        if (this.#ended.signal.aborted || this.#failedAt !== undefined) break;
        if (this.#isStale && this.#timer === undefined) await this.#askAnew();
        else if (missing) await this.#askFor(missing);
        else break;
        this.error = undefined;
        this.version.value += 1;
      }
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      this.error = error instanceof Error ? error : new Error(String(error));
      this.#failedAt = performance.now();
      this.#askAgain(error);
      this.version.value += 1;
    } finally {
      this.#isAsking = false;
    }
  }

  #askAgain(error: unknown): void {
    if (error instanceof StationProblem && error.status < 500) return;
    clearTimeout(this.#againTimer);
    this.#againTimer = setTimeout(() => {
      this.#failedAt = undefined;
      void this.#go();
    }, AGAIN_MS);
  }

  #missing(): Part | undefined {
    const { first, end } = this.#view;
    const last = Math.min(end, this.#total ?? end);
    for (let index = first; index < last; index += 1) {
      if (this.#rows.has(index)) continue;
      const offset = index - (index % PART_ROWS);
      return { offset, limit: PART_ROWS };
    }
    return this.#total === undefined ? { offset: 0, limit: PART_ROWS } : undefined;
  }

  async #askFor(part: Part): Promise<void> {
    const { rows, total } = await this.#options.ask(part, this.#ended.signal);
    this.#take(part.offset, rows, total);
    // Fewer than there were a moment ago.
    if (rows.length < part.limit) this.#total = Math.min(total, Math.max(part.offset + rows.length, 0));
    this.#forget();
  }

  /** Asks for what is seen, and a little more: the first row of it that is still there stays where it is on the screen. */
  async #askAnew(): Promise<void> {
    this.#isStale = false;
    this.#askedAtMs = performance.now();
    const before = this.#total ?? 0;
    const seen = this.#seen();
    let found = await this.#askAround(0);
    let place = this.#placeAmong(seen, found);
    const grown = found.total - before;
    if (seen.length > 0 && !place && grown !== 0) {
      // Most likely all of them came before it.
      found = await this.#askAround(grown);
      place = this.#placeAmong(seen, found);
    }
    const moved = place ? place.now - place.then : 0;
    if (moved !== 0) {
      this.#view = {
        first: this.#view.first + moved,
        end: this.#view.end + moved,
        seenFirst: this.#view.seenFirst + moved,
      };
    }
    this.#rows.clear();
    this.#take(found.offset, found.rows, found.total);
    if (moved !== 0) this.#options.onMoved(moved);
  }

  /** Rows on the screen, from the upper edge on, with their places. */
  #seen(): readonly (readonly [index: number, key: string])[] {
    const { seenFirst, end } = this.#view;
    const seen: [number, string][] = [];
    for (let index = seenFirst; index < end; index += 1) {
      const row = this.#rows.get(index);
      if (row !== undefined) seen.push([index, this.#options.keyOf(row)]);
    }
    return seen;
  }

  async #askAround(places: number): Promise<PartAnswer<Row> & Part> {
    const { first, end } = this.#view;
    const offset = Math.max(0, first + places - MARGIN_ROWS);
    const limit = Math.min(1000, end - first + 2 * MARGIN_ROWS);
    return { ...(await this.#options.ask({ offset, limit }, this.#ended.signal)), offset, limit };
  }

  #placeAmong(
    seen: readonly (readonly [index: number, key: string])[],
    { rows, offset }: PartAnswer<Row> & Part,
  ): { readonly then: number; readonly now: number } | undefined {
    const places = new Map(rows.map((row, index) => [this.#options.keyOf(row), offset + index]));
    for (const [then, key] of seen) {
      const now = places.get(key);
      if (now !== undefined) return { then, now };
    }
    return undefined;
  }

  #take(offset: number, rows: readonly Row[], total: number): void {
    this.#total = total;
    for (const [index, row] of rows.entries()) this.#rows.set(offset + index, row);
  }

  /** What is far from view, where there is too much. */
  #forget(): void {
    if (this.#rows.size <= MOST_ROWS) return;
    const { first, end } = this.#view;
    for (const index of this.#rows.keys())
      if (index < first - MOST_ROWS / 4 || index > end + MOST_ROWS / 4) this.#rows.delete(index);
  }
}
