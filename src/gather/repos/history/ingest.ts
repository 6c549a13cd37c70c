import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import type { HistoryWriter } from '../../../keep/store/history.ts';
import { sameRefs } from '../../../keep/store/packed-refs.ts';
import type { RefSnapshot, RepositoryTotals } from '../../../keep/store/types.ts';
import { IdSet } from '../git/id-set.ts';
import { reconcileHistory, removeUnreachable } from './reconcile.ts';
import { storeCommits } from './store-commits.ts';
import { ThreadedParser } from './threaded-parser.ts';
import { countCommits, countRange, missingObjects, type WalkContext, walkCommits } from './walk.ts';

/** One repository's history, and the store that it goes to. */
export interface IngestOptions {
  /** The bare repository to read. Nothing in it is changed. */
  readonly gitDir: string;
  readonly writer: HistoryWriter;
  /** The refs whose history the store shall hold, as they are in `gitDir`. Tags are followed to their commits. */
  readonly tips: RefSnapshot;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Parses long histories; whoever gives it closes it. One of its own unless given. */
  readonly parsing?: ThreadedParser;
  /** git may be silent for so long before it gives the next commits; `LOCAL_SILENCE_MS` by default. */
  readonly silenceMs?: number;
  /** Called after every thousand commits or so. */
  readonly onProgress?: (progress: IngestProgress) => void;
  /** Have git count beforehand how many there will be: a second walk of the same length. Not done unless asked for. */
  readonly countsAhead?: boolean | undefined;
}

/** How far a call of `ingestHistory` has come. */
export interface IngestProgress {
  /** Commits stored by this call so far. */
  readonly commits: number;
  /** How many it will be, where that was asked for and is known by now. */
  readonly total?: number | undefined;
}

/** What a call of `ingestHistory` has changed. */
export interface IngestResult {
  readonly newCommits: number;
  readonly removedCommits: number;
  readonly totals: RepositoryTotals;
}

/**
 * Brings the store to the history that `tips` reach: reads only commits that the cursor
 * does not reach, takes out those that nothing reaches any more, then moves the cursor.
 *
 *   settled ──begin──▶ walking ──all commits stored──▶ settled
 *                        │ ▲
 *            interrupted ▼ │ next call: the same walk from where it stopped
 *                      pending
 *
 * May be interrupted anywhere and called again. Throws `repository_corrupt` when objects are missing,
 * `cancelled` on `signal`, `timed_out` when git stands still, and what the store throws.
 */
export async function ingestHistory(options: IngestOptions): Promise<IngestResult> {
  const parsing = options.parsing ?? new ThreadedParser();
  try {
    return await new Ingest(options, parsing).run();
  } finally {
    if (parsing !== options.parsing) await parsing.close();
  }
}

interface Advance {
  readonly from: RefSnapshot;
  readonly to: RefSnapshot;
  /** Commits of this walk that are stored already. */
  readonly skip: number;
  /** The store may hold commits that nothing accounts for: count them when done. */
  readonly verify: boolean;
}

class Ingest {
  readonly #options: IngestOptions;
  readonly #context: WalkContext;
  /** Stops git when no commit comes for too long. */
  readonly #stalled = new AbortController();
  #stored = 0;
  /** How many commits of the pending walk are stored. */
  #position = 0;
  #added = 0;
  #removed = 0;

  constructor(options: IngestOptions, parsing: ThreadedParser) {
    this.#options = options;
    const { gitDir, signal } = options;
    const stalled = this.#stalled.signal;
    this.#context = { gitDir, signal: signal ? AbortSignal.any([signal, stalled]) : stalled, parsing };
  }

  async run(): Promise<IngestResult> {
    for (;;) {
      try {
        return await this.#run();
      } catch (error) {
        if (!isTakenBack(error)) throw error;
        const { processed = 0 } = (await this.#options.writer.pending()) ?? {};
        const lost = Math.max(0, this.#position - processed);
        this.#stored = Math.max(0, this.#stored - lost);
        this.#added = Math.max(0, this.#added - lost);
      }
    }
  }

  async #run(): Promise<IngestResult> {
    const { writer, tips } = this.#options;
    let from = await writer.cursor();
    const pending = await writer.pending();
    let verify = false;
    if (pending) {
      // What the interrupted walk has stored is counted now, or after the walk that takes its place.
      const resumed = await this.#resume({ from, to: pending.tips, skip: pending.processed, verify: true });
      if (resumed) from = pending.tips;
      verify = !resumed;
    }
    if (verify || !sameRefs(from, tips)) {
      await writer.begin(tips);
      await this.#advance({ from, to: tips, skip: 0, verify });
    }
    const totals = await writer.finish(this.#options.clock.nowMs());
    return { newCommits: this.#added, removedCommits: this.#removed, totals };
  }

  /** @returns false when the walk cannot be completed because its objects are gone: then newer tips take its place */
  async #resume(walk: Advance): Promise<boolean> {
    try {
      await this.#advance(walk);
    } catch (error) {
      if (isCorrupt(error)) return false;
      throw error;
    }
    await this.#options.writer.finish(this.#options.clock.nowMs());
    return true;
  }

  async #advance({ from, to, skip, verify }: Advance): Promise<void> {
    const { writer } = this.#options;
    const before = IdSet.of(from.values());
    const after = IdSet.of(to.values());
    const arrived = after.difference(before);
    const departed = before.difference(after);
    const kept = await this.#store(arrived, before, skip);
    let uncertain = verify || kept.size < before.size;
    if (departed.size > 0 && !uncertain) {
      const removed = await removeUnreachable(departed, after, writer, this.#context);
      this.#removed += removed;
      uncertain = removed > 0;
    }
    // Both walks can be misled by wrong clocks, and by a walk that was cut off: the count cannot.
    if (!uncertain || (await writer.count()) === (await countCommits(after, this.#context))) return;
    const { added, removed } = await reconcileHistory(after, writer, this.#context);
    this.#added += added;
    this.#removed += removed;
  }

  /** Stores what `arrived` reach and `known` do not. @returns those of `known` that the repository still has */
  async #store(arrived: IdSet, known: IdSet, skip: number): Promise<IdSet> {
    try {
      await this.#walk(arrived, known, skip);
      return known;
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      // After a force-push the old tips may be gone for good. Missing new ones are what the error says.
      const missing = await missingObjects(known, this.#context);
      if (missing.size === 0) throw error;
      const kept = known.difference(missing);
      await this.#walk(arrived, kept, 0);
      return kept;
    }
  }

  async #walk(from: IdSet, not: IdSet, skip: number): Promise<void> {
    if (from.size === 0) return;
    const commits = walkCommits({ from, not }, skip, this.#context);
    const { signal } = this.#context;
    const { writer, silenceMs, countsAhead, onProgress } = this.#options;
    const before = this.#stored;
    this.#position = skip;
    let total: number | undefined;
    const walked = new AbortController();
    const counting = countsAhead
      ? countRange({ from, not }, { ...this.#context, signal: anySignal(signal, walked.signal) }).then(
          count => {
            total = before + count - skip;
          },
          // Nothing but a figure is missing then.
          () => undefined,
        )
      : undefined;
    const onStored = (stored: number, added: number): void => {
      this.#stored += stored;
      this.#added += added;
      this.#position += stored;
      onProgress?.({ commits: this.#stored, total });
    };
    const onSilence = (error: SluiceError): void => this.#stalled.abort(error);
    try {
      await storeCommits(commits, writer, { onStored, onSilence, silenceMs, signal });
    } finally {
      walked.abort();
      await counting;
    }
  }
}

function anySignal(one: AbortSignal | undefined, other: AbortSignal): AbortSignal {
  return one ? AbortSignal.any([one, other]) : other;
}

/** The store has lost what it had taken: the pending walk says where to go on. */
function isTakenBack(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'database_crashed';
}

function isCorrupt(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'repository_corrupt';
}
