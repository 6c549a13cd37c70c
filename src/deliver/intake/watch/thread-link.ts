import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { threadEnvironment } from '../../../base/thread-environment.ts';
import type { Libc } from './libc.ts';
import type { Answer, Request, ThreadSetup } from './messages.ts';

/** A request less its number, which the link gives. */
export type Question = Request extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never;

export interface ThreadLinkOptions {
  /** Absent for a thread without kernel events. */
  readonly libc: Libc | undefined;
  readonly settleMs: number;
  readonly maxRemembered: number;
  readonly onAnswer: (answer: Exclude<Answer, { type: 'done' }>) => void;
  /** The thread ended without having been asked to. */
  readonly onFailure: (error: Error) => void;
}

/** How long the thread may take to end by itself before it is ended. It may hang in a call to a dead network disk. */
const STOP_GRACE_MS = 1000;

/**
 * One watching thread and what it needs from the kernel, seen from the main thread. The descriptors belong
 * here, so that none is left behind however the thread ends.
 */
export class ThreadLink {
  readonly #worker: Worker;
  readonly #libc: Libc | undefined;
  readonly #descriptors: ThreadSetup['descriptors'];
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>();
  readonly #ended: Promise<void>;
  #lastId = 0;
  #stopping = false;

  /** Throws when the kernel grants no inotify queue. */
  constructor(options: ThreadLinkOptions) {
    const { libc, settleMs, maxRemembered, onAnswer, onFailure } = options;
    this.#libc = libc;
    this.#descriptors = libc && openDescriptors(libc);
    const workerData: ThreadSetup = { settleMs, maxRemembered, descriptors: this.#descriptors };
    this.#worker = new Worker(new URL('./watch-thread.ts', import.meta.url), {
      workerData,
      env: threadEnvironment(),
      name: 'file watch',
    });
    let failure = new Error('the watching thread ended');
    this.#worker.on('message', (answer: Answer) => {
      if (answer.type === 'done') this.#settle(answer.id);
      else onAnswer(answer);
    });
    this.#worker.on('error', error => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    this.#ended = new Promise(resolve => {
      this.#worker.once('exit', () => {
        this.#release();
        resolve();
        for (const { reject } of this.#waiting.values()) reject(failure);
        this.#waiting.clear();
        if (!this.#stopping) onFailure(failure);
      });
    });
  }

  /** Resolves when it is done and all that it found has been handed to `onAnswer`; rejects when the thread ends before. */
  ask(question: Question): Promise<void> {
    if (this.#stopping) return Promise.reject(new Error('the watching thread is stopping'));
    this.#lastId += 1;
    const answered = Promise.withResolvers<void>();
    this.#waiting.set(this.#lastId, answered);
    this.tell({ ...question, id: this.#lastId });
    return answered.promise;
  }

  /** Sends a request that has no answer. */
  tell(request: Request): void {
    this.#worker.postMessage(request);
    if (this.#descriptors) writeSync(this.#descriptors.wake, new BigUint64Array([1n]));
  }

  /** Ends the thread. Resolves once it and its descriptors are gone; may be called again. */
  async stop(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      if (this.#worker.threadId !== -1) this.tell({ type: 'stop' });
    }
    const grace = setTimeout(() => void this.#worker.terminate(), STOP_GRACE_MS);
    await this.#ended;
    clearTimeout(grace);
  }

  #settle(id: number): void {
    this.#waiting.get(id)?.resolve();
    this.#waiting.delete(id);
  }

  #release(): void {
    if (!this.#libc || !this.#descriptors) return;
    this.#libc.close(this.#descriptors.inotify);
    this.#libc.close(this.#descriptors.wake);
  }
}

function openDescriptors(libc: Libc): NonNullable<ThreadSetup['descriptors']> {
  const inotify = libc.openInotify();
  try {
    return { inotify, wake: libc.openWake() };
  } catch (error) {
    libc.close(inotify);
    throw error;
  }
}
