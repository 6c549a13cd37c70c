import { siblingModule, ThreadClient } from '../../../../base/thread-client.ts';
import type { RawReading, ReadingSource } from '../source.ts';
import type { QueryProtocol } from './query-server.ts';

/**
 * A thread that runs SQL, since SQLite holds up the thread that asks it. Made with the first query. One for all
 * collectors: their queries go one after the other.
 */
export class QueryThread {
  readonly #thread: ThreadClient<QueryProtocol>;

  /** @param database path of the database, which is opened for reading only */
  constructor(database: string) {
    this.#thread = new ThreadClient({
      name: 'query',
      entry: siblingModule(import.meta.url, './query-thread'),
      setup: database,
      background: true,
    });
  }

  /** The rows as a JSON list. Rejects with the signal's reason; the query itself runs on until it ends. */
  async ask(sql: string, signal: AbortSignal): Promise<string> {
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([this.#thread.request('query', sql), aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  close(): Promise<void> {
    return this.#thread.terminate();
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

  async read(signal: () => AbortSignal): Promise<RawReading> {
    return { json: await this.#thread.ask(this.#sql, signal()) };
  }

  async close(): Promise<void> {}
}
