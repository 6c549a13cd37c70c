import { Worker } from 'node:worker_threads';
import { fromErrorRecord, SluiceError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import { threadEnvironment } from '../../../base/thread-environment.ts';
import type { CollectorStatus } from '../collector-status.ts';
import type { Finished } from '../files/collector-files.ts';
import type { FromCapture, ToCapture } from './messages.ts';

/** A request less its number, which the link gives. */
type Question = ToCapture extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never;

/** Readings live for a second; a small nursery keeps the thread small. The rest is room for what a full disk does not take. */
const LIMITS = { maxYoungGenerationSizeMb: 3, maxOldGenerationSizeMb: 1024 } as const;

export interface CaptureLinkOptions {
  /** The module that runs inside the thread: a composition root. */
  readonly entry: URL;
  readonly log: Logger;
  readonly onFinished: (finished: Finished) => void;
  /** The thread ended without having been asked to. */
  readonly onFailure: (error: Error) => void;
}

/** The capture thread as the station sees it. */
export class CaptureLink {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<readonly CollectorStatus[]>>();
  readonly #ended: Promise<void>;
  #lastId = 0;
  #stopping = false;

  constructor({ entry, log, onFinished, onFailure }: CaptureLinkOptions) {
    this.#worker = new Worker(entry, { name: 'capture', env: threadEnvironment(), resourceLimits: LIMITS });
    let failure = new Error('the capture thread ended');
    this.#worker.on('error', error => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    this.#worker.on('message', (message: FromCapture) => {
      if (message.type === 'finished') onFinished(message.finished);
      else if (message.type === 'log') log[message.level](message.facts, message.message);
      else this.#settle(message);
    });
    this.#ended = new Promise(resolve => {
      this.#worker.once('exit', () => {
        resolve();
        const error = new SluiceError('stopping', 'capture is not running', { cause: failure });
        for (const { reject } of this.#waiting.values()) reject(error);
        this.#waiting.clear();
        if (!this.#stopping) onFailure(failure);
      });
    });
  }

  /** Resolves when it is done; all files that it completed have been handed to `onFinished` then. */
  ask(question: Question): Promise<readonly CollectorStatus[]> {
    if (this.#stopping) return Promise.reject(new SluiceError('stopping', 'capture is stopping'));
    return this.#ask(question);
  }

  /** Completes all and ends the thread. May be called again. */
  async stop(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      // A thread that is gone has nothing to complete; what it left is recovered by the next one.
      if (this.#worker.threadId !== -1) await this.#ask({ type: 'stop' }).catch(() => undefined);
    }
    await this.#ended;
  }

  #ask(question: Question): Promise<readonly CollectorStatus[]> {
    this.#lastId += 1;
    const answered = Promise.withResolvers<readonly CollectorStatus[]>();
    this.#waiting.set(this.#lastId, answered);
    this.#worker.postMessage({ ...question, id: this.#lastId });
    return answered.promise;
  }

  #settle(message: Extract<FromCapture, { type: 'done' | 'failed' }>): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === 'done') waiting?.resolve(message.status ?? []);
    else waiting?.reject(fromErrorRecord(message.error));
  }
}
