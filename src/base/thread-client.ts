import { getCompileCacheDir } from 'node:module';
import { dirname, extname } from 'node:path';
import { type ResourceLimits, type Transferable, Worker } from 'node:worker_threads';
import { fromErrorRecord, SluiceError, toErrorRecord } from './errors.ts';
import { currentLease } from './lease.ts';
import type { FromThread, Payload, RequestName, ThreadProtocol, ToThread } from './thread-protocol.ts';

export interface ThreadOptions<P extends ThreadProtocol> {
  /** What the thread does, in one word: names it in errors and to the operating system. */
  readonly name: string;
  /** The module that runs inside: a `*-thread.ts` (`siblingModule`). */
  readonly entry: URL;
  /** What the thread is given when it is made; plain data. */
  readonly setup?: unknown;
  /** Of its heap; Node's own where absent. Crossing one is a crash of the thread alone. */
  readonly resourceLimits?: ResourceLimits;
  /** Only requests keep the process alive then, not the thread itself. */
  readonly background?: boolean;
  /** Set where it uses descriptors that Node did not open: Node would warn of each. */
  readonly usesForeignDescriptors?: boolean;
  /** How long it may take to close by itself before it is ended; 0 ends it at once. Without limit where absent. */
  readonly stopGraceMs?: number;
  /** Called after each message, for a thread that waits for something else than messages. */
  readonly wake?: () => void;
  readonly onEvent?: (event: P['event']) => void;
  /** A thread is gone; `failure` where nobody had asked for its end. What it had not replied to rejects right after. */
  readonly onExit?: (failure: SluiceError | undefined) => void;
}

export interface RequestOptions<P extends ThreadProtocol, N extends RequestName<P>> {
  /** Asks the thread to give up; the reply is awaited all the same, since until then it is still at it. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Payload<P, N, 'progress'>) => void;
  /** What changes its owner instead of being copied. */
  readonly transfer?: Transferable[];
}

interface Pending {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress?: (progress: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
  readonly ended: Promise<void>;
}

/**
 * Request and reply with a worker thread.
 *
 *   absent ──start(), request(), post()──▶ up ──stop()──▶ closing ──exit──▶ stopped (final)
 *      ▲                                    │
 *      ├────────────── terminate() ─────────┤
 *      └───── a crash, an exit by itself ───┘
 *
 * What a thread had not replied to rejects when it ends: as `stopping` where its end was asked for, else as `internal`,
 * to be tried again. After a crash the next request makes the thread anew; who does not want that calls `stop` in
 * `onExit`.
 */
export class ThreadClient<P extends ThreadProtocol> {
  readonly #options: ThreadOptions<P>;
  #thread: Thread | undefined;
  #stopping: Promise<void> | undefined;
  #lastId = 0;

  constructor(options: ThreadOptions<P>) {
    this.#options = options;
  }

  /** Requests without a reply. */
  get pending(): number {
    return this.#thread?.pending.size ?? 0;
  }

  /**
   * Makes the thread, so that it is there by the time that it is needed. May be repeated. Throws `stopping` after
   * `stop`.
   */
  start(): void {
    this.#up();
  }

  /**
   * Resolves with the reply, after all progress and events that were sent before it. Rejects with the `SluiceError`
   * that answers it, with the signal's reason where it was aborted before it was sent, and when the thread ends before
   * it replies.
   */
  async request<N extends RequestName<P>>(
    name: N,
    body: Payload<P, N, 'request'>,
    { signal, onProgress, transfer }: RequestOptions<P, N> = {},
  ): Promise<Payload<P, N, 'reply'>> {
    signal?.throwIfAborted();
    const thread = this.#up();
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#send(thread, { type: 'request', id, name, body, lease: currentLease()?.share() }, transfer);
    thread.pending.set(id, { resolve, reject, onProgress });
    if (this.#options.background) thread.worker.ref();
    const onAbort = (): void =>
      this.#send(thread, { type: 'abort', id, error: toErrorRecord(signal?.reason) });
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Sends a request that nobody awaits; if it fails, the thread does. Does nothing after `stop`. */
  post<N extends RequestName<P>>(name: N, body: Payload<P, N, 'request'>): void {
    if (!this.#stopping) this.#send(this.#up(), { type: 'request', name, body });
  }

  /**
   * Ends the thread at once, if there is one; resolves when it has. Does nothing where it is ending already. The next
   * request makes another.
   */
  async terminate(): Promise<void> {
    const thread = this.#thread;
    if (!thread) return;
    this.#thread = undefined;
    rejectAll(thread, this.#endedOnRequest());
    await thread.worker.terminate();
  }

  /** Lets the thread close what it has open and end, then resolves. Final; repeated calls wait for the same end. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { stopGraceMs } = this.#options;
    const thread = this.#thread;
    if (!thread) return;
    if (stopGraceMs === 0) return this.terminate();
    this.#send(thread, { type: 'close' });
    thread.worker.ref();
    const grace =
      stopGraceMs === undefined ? undefined : setTimeout(() => void thread.worker.terminate(), stopGraceMs);
    await thread.ended;
    clearTimeout(grace);
  }

  #up(): Thread {
    if (this.#stopping) throw new SluiceError('stopping', `the ${this.#options.name} thread is stopping`);
    this.#thread ??= this.#start();
    return this.#thread;
  }

  #start(): Thread {
    const { name, entry, setup, resourceLimits, usesForeignDescriptors, background, onExit } = this.#options;
    const worker = new Worker(entry, {
      name,
      workerData: setup,
      env: threadEnvironment(),
      resourceLimits,
      trackUnmanagedFds: !usesForeignDescriptors,
    });
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const thread: Thread = { worker, pending: new Map(), ended };
    let failure = new SluiceError('internal', `a ${name} thread ended unexpectedly`, { answer: 'retry' });
    worker.on('message', (message: FromThread) => this.#receive(thread, message));
    worker.on('error', cause => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      failure = new SluiceError('internal', `a ${name} thread crashed: ${reason}`, {
        cause,
        answer: 'retry',
      });
    });
    worker.once('exit', () => {
      const isWanted = this.#stopping !== undefined || this.#thread !== thread;
      if (this.#thread === thread) this.#thread = undefined;
      rejectAll(thread, isWanted ? this.#endedOnRequest() : failure);
      resolve();
      onExit?.(isWanted ? undefined : failure);
    });
    if (background) worker.unref();
    return thread;
  }

  #endedOnRequest(): SluiceError {
    return new SluiceError('stopping', `the ${this.#options.name} thread was ended`);
  }

  #send({ worker }: Thread, message: ToThread, transfer: Transferable[] = []): void {
    worker.postMessage(message, transfer);
    this.#options.wake?.();
  }

  #receive(thread: Thread, message: FromThread): void {
    // What a thread said before it was terminated still comes.
    if (this.#thread !== thread) return;
    if (message.type === 'event') {
      this.#options.onEvent?.(message.body);
      return;
    }
    const pending = thread.pending.get(message.id);
    if (message.type === 'progress') {
      pending?.onProgress?.(message.body);
      return;
    }
    thread.pending.delete(message.id);
    if (this.#options.background && thread.pending.size === 0 && !this.#stopping) thread.worker.unref();
    if (message.type === 'reply') pending?.resolve(message.body);
    else pending?.reject(fromErrorRecord(message.error));
  }
}

function rejectAll({ pending }: Thread, error: SluiceError): void {
  for (const { reject } of pending.values()) reject(error);
  pending.clear();
}

/**
 * A module beside another one, in the form in which that one runs: `.ts` in a checkout, `.js` in the published package.
 * @param url `import.meta.url` of the one that asks
 * @param path relative, without an extension: `./bake-thread`
 */
export function siblingModule(url: string, path: string): URL {
  return new URL(`${path}${extname(new URL(url).pathname)}`, url);
}

/**
 * The environment of a thread, or of a process of ours. Neither takes over the compile cache that `bin/sluice.js`
 * switched on; without it, it strips the types from every module anew, with a compiler that takes 17 MiB and 100 ms to
 * load.
 */
export function threadEnvironment(): NodeJS.ProcessEnv {
  const directory = getCompileCacheDir();
  // What is answered is the folder for this version of Node in the one that is to be given.
  return directory === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(directory) };
}
