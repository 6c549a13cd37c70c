import { Worker } from 'node:worker_threads';
import { type ErrorRecord, fromErrorRecord, SluiceError } from '../../../base/errors.ts';
import { threadEnvironment } from '../../../base/thread-environment.ts';
import type { Raw, ReadingSource } from './source.ts';

/** What the query thread is asked and answers (query-thread.ts). */
export interface QueryRequest {
  readonly id: number;
  readonly sql: string;
}
export type QueryAnswer =
  | { readonly id: number; readonly json: string }
  | { readonly id: number; readonly error: ErrorRecord };

interface Pending {
  readonly resolve: (json: string) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A thread that runs SQL, since SQLite holds up the thread that asks it. Made with the first query. One for all collectors:
 * their queries go one after the other.
 */
export class QueryThread {
  readonly #entry: URL;
  readonly #database: string;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #lastId = 0;

  /** @param entry the module that runs inside: a composition root */
  constructor(entry: URL, database: string) {
    this.#entry = entry;
    this.#database = database;
  }

  /** The rows as a JSON list. Rejects with the signal's reason; the query itself runs on until it ends. */
  ask(sql: string, signal: AbortSignal): Promise<string> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = Promise.withResolvers<string>();
    const onAbort = (): void => answered.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#pending.set(id, answered);
    this.#running().postMessage({ id, sql } satisfies QueryRequest);
    return answered.promise.finally(() => {
      signal.removeEventListener('abort', onAbort);
      this.#pending.delete(id);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #running(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(this.#entry, {
      workerData: { database: this.#database },
      env: threadEnvironment(),
      name: 'capture queries',
    });
    worker.on('message', (answer: QueryAnswer) => {
      const pending = this.#pending.get(answer.id);
      if ('json' in answer) pending?.resolve(answer.json);
      else pending?.reject(fromErrorRecord(answer.error));
    });
    const lost = (error: unknown): void => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const { reject } of this.#pending.values()) reject(error);
    };
    worker.on('error', error =>
      lost(new SluiceError('internal', 'the query thread failed', { cause: error })),
    );
    worker.on('exit', () => lost(new SluiceError('stopping', 'the query thread has ended')));
    worker.unref();
    this.#worker = worker;
    return worker;
  }
}

/** The rows of a SQL query on the station's own database, which is opened for reading only. */
export class QuerySource implements ReadingSource {
  readonly #sql: string;
  readonly #thread: Pick<QueryThread, 'ask'>;

  constructor(sql: string, thread: Pick<QueryThread, 'ask'>) {
    this.#sql = sql;
    this.#thread = thread;
  }

  async read(signal: () => AbortSignal): Promise<Raw> {
    return { json: await this.#thread.ask(this.#sql, signal()) };
  }

  async close(): Promise<void> {}
}
