import { siblingModule, ThreadClient } from '../../../base/thread-client.ts';
import type { CommitRows } from '../../../keep/store/types.ts';
import type { GitProcess } from '../git/spawn.ts';
import type { WidePipe } from '../git/wide-pipe.ts';
import { type CommitSource, endOfCommits } from './commit-source.ts';
import { CommitUnpacker, PACKET_BYTES, type PackedCommits } from './packed-commits.ts';
import { PACKETS, type ParseProtocol, packetBytes } from './parse-pipe.ts';

/** Commits are short-lived. What is old are the people of a history, and a message of many megabytes now and then. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 };

/**
 * A thread that parses what git writes, while the thread that asked for it stores: reading a large history keeps git,
 * parser and SQLite busy at the same time.
 *
 *   absent ──prepare()──▶ up, idle ──read()──▶ reading ──all taken, or close() of the source──▶ …
 *
 * After a source that was read to its end the thread is idle again; one that is given up ends the thread with it, and
 * the next read makes another.
 */
export class ThreadedParser {
  readonly #thread = new ThreadClient<ParseProtocol>({
    name: 'parsing',
    entry: siblingModule(import.meta.url, './parse-thread'),
    resourceLimits: RESOURCE_LIMITS,
    background: true,
    // The pipe that it is handed.
    usesForeignDescriptors: true,
  });

  /** Starts the thread, so that it is there by the time that it is needed. May be repeated. */
  prepare(): void {
    this.#thread.start();
  }

  /** The commits in what `git` writes into the pipe. One source at a time. */
  read(git: GitProcess, pipe: WidePipe): CommitSource {
    return new ParsedByThread(this.#thread, git, pipe);
  }

  /** Ends the thread. May be repeated. */
  close(): Promise<void> {
    return this.#thread.terminate();
  }
}

/** Packets that go into one transaction at the most: meanwhile the thread has the others to go on with. */
const PACKETS_AT_ONCE = PACKETS / 2;

class ParsedByThread implements CommitSource {
  readonly done: Promise<void>;
  readonly #thread: ThreadClient<ParseProtocol>;
  readonly #pipe: WidePipe;
  readonly #memory = new SharedArrayBuffer(PACKETS * PACKET_BYTES);
  readonly #freed = new Int32Array(new SharedArrayBuffer(4));
  readonly #unpacker = new CommitUnpacker();
  readonly #waiting: PackedCommits[] = [];
  /** Packets that were handed out, and of them those that may still be read. */
  #handedOut = 0;
  #inUse = 0;
  #ended = false;
  #incomplete = false;
  #failure: unknown;
  #wake: () => void = () => undefined;

  constructor(thread: ThreadClient<ParseProtocol>, git: GitProcess, pipe: WidePipe) {
    this.#thread = thread;
    this.#pipe = pipe;
    void this.#read();
    this.done = endOfCommits(git, () => this.#incomplete);
  }

  async next(most = 0): Promise<CommitRows> {
    Atomics.add(this.#freed, 0, this.#inUse);
    Atomics.notify(this.#freed, 0);
    this.#inUse = 0;
    while (this.#waiting.length === 0 && !this.#ended) {
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    if (this.#waiting.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      return [];
    }
    const packets: CommitRows[] = [];
    for (let length = 0; this.#waiting[0] && packets.length < PACKETS_AT_ONCE; ) {
      const [packed] = this.#waiting;
      if (length > 0 && length + packed.count > most) break;
      const bytes = packetBytes(this.#memory, this.#handedOut);
      packets.push(this.#unpacker.unpack(packed, bytes));
      this.#waiting.shift();
      this.#handedOut += 1;
      length += packed.count;
    }
    this.#inUse = packets.length;
    return joined(packets);
  }

  async close(): Promise<void> {
    // A thread that has not come to the end still reads the pipe: its descriptor must not be closed, and used again,
    // under it.
    if (!this.#ended) await this.#thread.terminate();
    this.#ended = true;
    this.#pipe.close();
  }

  async #read(): Promise<void> {
    const job = { descriptor: this.#pipe.readFd, memory: this.#memory, freed: this.#freed };
    const onProgress = (packed: PackedCommits): void => {
      this.#waiting.push(packed);
      this.#wake();
    };
    try {
      const { incomplete } = await this.#thread.request('parse', job, { onProgress });
      this.#incomplete = incomplete;
    } catch (error) {
      this.#failure = error;
    }
    this.#ended = true;
    this.#wake();
  }
}

function joined(packets: readonly CommitRows[]): CommitRows {
  const length = packets.reduce((sum, packet) => sum + packet.length, 0);
  return {
    length,
    [Symbol.iterator]: () => chained(packets),
    get encoded() {
      const encoded = packets.flatMap(packet => packet.encoded ?? []);
      if (encoded.length < packets.length) return undefined;
      const rows = encoded.map(each => each.rows);
      const messages = encoded.map(each => each.messages);
      return {
        rows: { [Symbol.iterator]: () => chained(rows) },
        messages: { [Symbol.iterator]: () => chained(messages) },
      };
    },
  };
}

function* chained<T>(parts: readonly Iterable<T>[]): Generator<T> {
  for (const part of parts) yield* part;
}
