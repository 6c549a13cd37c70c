import { Worker } from 'node:worker_threads';
import { fromErrorRecord, SluiceError } from '../../../base/errors.ts';
import { threadEnvironment } from '../../../base/thread-environment.ts';
import type { CommitRows } from '../../../keep/store/types.ts';
import type { GitProcess } from '../git/spawn.ts';
import type { WidePipe } from '../git/wide-pipe.ts';
import { type CommitSource, endOfCommits } from './commit-source.ts';
import { CommitUnpacker, type PackedCommits } from './packed-commits.ts';
import type { FromParser, ToParser } from './parsing-messages.ts';

/** Commits are short-lived. What is old are the people of a history, and a message of many megabytes now and then. */
const LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 };

/**
 * A thread that parses what git writes, while the thread that asked for it stores: reading a large history keeps git,
 * parser and SQLite busy at the same time.
 *
 *   absent ──prepare()──▶ up, idle ──read()──▶ reading ──all taken, or close() of the source──▶ …
 *
 * After a source that was read to its end the thread is idle again; one that is given up ends the thread with it, and
 * the next read makes another.
 */
export class ParsingThread {
  #worker: Worker | undefined;

  /** Starts the thread, so that it is there by the time that it is needed. May be repeated. */
  prepare(): void {
    this.#worker ??= this.#start();
  }

  /** The commits in what `git` writes into the pipe. One source at a time. */
  read(git: GitProcess, pipe: WidePipe): CommitSource {
    this.#worker ??= this.#start();
    return new ParsedByThread(this.#worker, git, pipe, () => this.close());
  }

  /** Ends the thread. May be repeated. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL('./parse-thread.ts', import.meta.url), {
      ...{ name: 'parser', resourceLimits: LIMITS, env: threadEnvironment() },
      // It is handed a descriptor that Node did not open, and would be warned of.
      trackUnmanagedFds: false,
    });
    // Who waits for commits keeps the process alive, not a thread without work.
    worker.unref();
    // Told to whoever reads; without a listener it would end the process.
    worker.on('error', () => undefined);
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    return worker;
  }
}

class ParsedByThread implements CommitSource {
  readonly done: Promise<void>;
  readonly #worker: Worker;
  readonly #pipe: WidePipe;
  readonly #endThread: () => Promise<void>;
  readonly #taken = new Int32Array(new SharedArrayBuffer(4));
  readonly #unpacker = new CommitUnpacker();
  readonly #waiting: PackedCommits[] = [];
  #ended = false;
  #incomplete = false;
  #failure: unknown;
  #wake: () => void = () => undefined;

  constructor(worker: Worker, git: GitProcess, pipe: WidePipe, endThread: () => Promise<void>) {
    this.#worker = worker;
    this.#pipe = pipe;
    this.#endThread = endThread;
    worker.ref();
    worker.on('message', this.#onMessage);
    worker.once('error', this.#onError);
    worker.once('exit', this.#onExit);
    worker.postMessage({ descriptor: pipe.readFd, taken: this.#taken } satisfies ToParser);
    this.done = endOfCommits(git, () => this.#incomplete);
  }

  async next(): Promise<CommitRows> {
    while (this.#waiting.length === 0 && !this.#ended) {
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    const packed = this.#waiting.shift();
    if (packed) {
      Atomics.add(this.#taken, 0, 1);
      Atomics.notify(this.#taken, 0);
      return this.#unpacker.unpack(packed);
    }
    if (this.#failure !== undefined) throw this.#failure;
    return [];
  }

  async close(): Promise<void> {
    this.#worker.off('message', this.#onMessage);
    this.#worker.off('error', this.#onError);
    this.#worker.off('exit', this.#onExit);
    this.#worker.unref();
    // A thread that has not come to the end still reads the pipe: its descriptor must not be closed, and used again, under it.
    if (!this.#ended) await this.#endThread();
    this.#ended = true;
    this.#pipe.close();
  }

  readonly #onMessage = (message: FromParser): void => {
    if (message.type === 'commits') this.#waiting.push(message.packed);
    else if (message.type === 'end') this.#end(message.incomplete);
    else this.#end(false, fromErrorRecord(message.error));
    this.#wake();
  };

  readonly #onError = (cause: unknown): void => {
    const message = `the parsing thread crashed: ${cause instanceof Error ? cause.message : cause}`;
    this.#end(false, new SluiceError('internal', message, { cause, retry: 'transient' }));
  };

  readonly #onExit = (): void => {
    if (this.#ended) return;
    this.#end(false, new SluiceError('internal', 'the parsing thread ended', { retry: 'transient' }));
  };

  #end(incomplete: boolean, failure?: unknown): void {
    this.#ended = true;
    this.#incomplete = incomplete;
    this.#failure ??= failure;
    this.#wake();
  }
}
