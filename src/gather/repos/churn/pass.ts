import type { Clock } from '../../../base/clock.ts';
import { type ErrorCode, SluiceError } from '../../../base/errors.ts';
import type { ChurnWriter, CommitChurn, WaitingCommit } from '../../../keep/store/churn.ts';
import type { ObjectId } from '../../../keep/store/types.ts';
import { ChurnReader, type ChurnReaderOptions } from './reader.ts';

/** Commits that one git process is asked for at once: neighbours share trees, which git then has at hand. */
const CHUNK_COMMITS = 200;
/** Asked for ahead, so that git does not wait for us. */
const CHUNKS_AHEAD = 3;
/** Stored in one transaction: neighbours fall on the same days, authors and files, whose rows are then changed once. */
const STORED_AT_ONCE = 1_000;
/** Ids of waiting commits read from the store at once. */
const WAITING_AT_ONCE = 20_000;

/** One pass over what waits: of whom, how wide, how long. */
export interface ChurnPassOptions extends ChurnReaderOptions {
  readonly writer: ChurnWriter;
  readonly clock: Clock;
  /** So many git processes read side by side. */
  readonly processes: number;
  /** After so long no more is begun; what is under way is finished. No bound when absent. */
  readonly sliceMs?: number;
  /** Called now and then with how many commits this call has dealt with. */
  readonly onProgress?: (commits: number) => void;
}

/** What a pass has done, and whether another is needed. */
export interface ChurnPassResult {
  readonly commits: number;
  /** Nothing waits any more. */
  readonly complete: boolean;
  /** Commits that count as changing nothing, since git could not say within its bounds what they change. */
  readonly leftOut?: readonly CommitLeftOut[];
}

/** A commit, and which bound git ran into over it. Plain data. */
export interface CommitLeftOut {
  readonly hash: ObjectId;
  readonly code: ErrorCode;
  readonly message: string;
}

/** How git ends that ran into a bound of time or memory. */
const BOUNDS: readonly ErrorCode[] = ['timed_out', 'answer_too_large'];

/**
 * Reads the churn of commits that wait, oldest id first, and stores it. May be interrupted anywhere and called
 * again: what is stored is not read again. A commit over which git runs into its bounds costs itself. Throws `repository_corrupt` when blobs are missing, `cancelled` on
 * `signal`, and what the store throws.
 */
export async function churnPass(options: ChurnPassOptions): Promise<ChurnPassResult> {
  const pass = new ChurnPass(options);
  return pass.run();
}

class ChurnPass {
  readonly #options: ChurnPassOptions;
  readonly #readers: ChurnReader[] = [];
  readonly #untilMs: number;
  #waiting: readonly WaitingCommit[] = [];
  #taken = 0;
  /** First ids of chunks that are not stored yet: below the lowest of them everything is. */
  readonly #unstored = new Set<number>();
  /** What has been read and is to be stored next. */
  #read: ReadChunk[] = [];
  #commits = 0;
  readonly #leftOut: CommitLeftOut[] = [];

  constructor(options: ChurnPassOptions) {
    this.#options = options;
    this.#untilMs = options.clock.monotonicMs() + (options.sliceMs ?? Number.POSITIVE_INFINITY);
  }

  async run(): Promise<ChurnPassResult> {
    try {
      let complete = await this.#fill();
      while (!complete && this.#hasTime()) {
        this.#startReaders();
        const lanes = this.#readers.flatMap((_, index) => Array.from({ length: CHUNKS_AHEAD }, () => index));
        await allOrFirstError(lanes.map(index => this.#work(index)));
        await this.#storeRead();
        complete = this.#hasTime() && (await this.#fill());
      }
      const leftOut = this.#leftOut.length > 0 ? { leftOut: this.#leftOut } : {};
      return { commits: this.#commits, complete, ...leftOut };
    } finally {
      await Promise.all(this.#readers.map(reader => reader.close()));
    }
  }

  #hasTime(): boolean {
    this.#options.signal?.throwIfAborted();
    return this.#options.clock.monotonicMs() < this.#untilMs;
  }

  /** @returns whether nothing waits */
  async #fill(): Promise<boolean> {
    this.#waiting = await this.#options.writer.waiting(WAITING_AT_ONCE);
    this.#taken = 0;
    return this.#waiting.length === 0;
  }

  /** For a few commits one process is enough. */
  #startReaders(): void {
    const wanted = Math.min(this.#options.processes, Math.ceil(this.#waiting.length / CHUNK_COMMITS));
    while (this.#readers.length < wanted) this.#readers.push(new ChurnReader(this.#options));
  }

  async #work(index: number): Promise<void> {
    while (this.#taken < this.#waiting.length && this.#hasTime()) {
      const chunk = this.#waiting.slice(this.#taken, this.#taken + CHUNK_COMMITS);
      this.#taken += chunk.length;
      const first = chunk[0]?.id ?? 0;
      this.#unstored.add(first);
      const commits = await this.#readChunk(index, chunk);
      this.#read.push({ first, asked: chunk.length, commits });
      if (this.#read.length * CHUNK_COMMITS >= STORED_AT_ONCE) await this.#storeRead();
    }
  }

  /** With the reader of that number, or another one in its place once that has ended. */
  async #readChunk(index: number, chunk: readonly WaitingCommit[]): Promise<CommitChurn[]> {
    let reader = this.#readers[index];
    if (reader === undefined || reader.isOver) {
      reader = new ChurnReader(this.#options);
      this.#readers[index] = reader;
    }
    try {
      return await reader.read(chunk);
    } catch (error) {
      if (!isBound(error)) throw error;
      return await this.#readOneByOne(chunk);
    }
  }

  /** One of them, or of those that were read beside them, cannot be read: all others can. */
  async #readOneByOne(chunk: readonly WaitingCommit[]): Promise<CommitChurn[]> {
    const read: CommitChurn[] = [];
    let reader = new ChurnReader(this.#options);
    try {
      for (const commit of chunk) {
        try {
          read.push(...(await reader.read([commit])));
        } catch (error) {
          if (!isBound(error)) throw error;
          this.#leftOut.push({ hash: commit.hash, code: error.code, message: error.message });
          read.push({ ...commit, files: [] });
          reader = new ChurnReader(this.#options);
        }
      }
    } finally {
      await reader.close();
    }
    return read;
  }

  async #storeRead(): Promise<void> {
    const chunks = this.#read;
    if (chunks.length === 0) return;
    this.#read = [];
    await this.#options.writer.append(
      chunks.flatMap(({ commits }) => commits),
      this.#completeWith(chunks),
    );
    for (const { first, asked } of chunks) {
      this.#unstored.delete(first);
      this.#commits += asked;
    }
    this.#options.onProgress?.(this.#commits);
  }

  /** The id up to which nothing waits once these are stored: other chunks may be stored before or after them. */
  #completeWith(chunks: readonly ReadChunk[]): number {
    const own = new Set(chunks.map(({ first }) => first));
    const unread = [...this.#unstored].filter(first => !own.has(first));
    const lowest = Math.min(...unread, this.#waiting[this.#taken]?.id ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(lowest) ? lowest - 1 : (this.#waiting.at(-1)?.id ?? 0);
  }
}

function isBound(error: unknown): error is SluiceError {
  return error instanceof SluiceError && BOUNDS.includes(error.code);
}

/** A chunk that has been read. */
interface ReadChunk {
  readonly first: number;
  readonly asked: number;
  readonly commits: readonly CommitChurn[];
}

/** As Promise.all, but everything has ended before the first error is thrown. */
async function allOrFirstError(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
