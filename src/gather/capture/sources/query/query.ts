import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SluiceError } from '../../../../base/errors.ts';
import { Serializer } from '../../../../base/serializer.ts';
import { siblingModule, threadEnvironment } from '../../../../base/thread-client.ts';
import { readingFailure } from '../failure.ts';
import type { RawReading, ReadingSource } from '../source.ts';
import { type QueryReply, STORE_ELSEWHERE } from './query-server.ts';

/**
 * A process that runs SQL, since SQLite holds up the thread that asks it, and nothing ends a query in a thread: not even
 * the end of the thread, nor that of its process. Its queries go one after the other.
 *
 *   none ──ask──▶ idle ⇄ running ──time-out──▶ killed: none; the next query makes another
 */
export class QueryProcess {
  readonly #database: string;
  readonly #isStoreShared: boolean;
  readonly #turns = new Serializer();
  #process: ChildProcess | undefined;
  #isClosed = false;

  /**
   * @param database path of the database, which is opened for reading only
   * @param isStoreShared its tables of the store are empty, since a server has them: a query that reads one is refused
   */
  constructor(database: string, isStoreShared = false) {
    this.#database = database;
    this.#isStoreShared = isStoreShared;
  }

  /** The rows as a JSON list. Rejects with the signal's reason; the query itself has ended then. */
  async ask(sql: string, signal: AbortSignal): Promise<string> {
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await Promise.race([this.#turns.run(() => this.#ask(sql, signal)), aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#process?.kill('SIGKILL');
  }

  async #ask(sql: string, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    if (this.#isClosed) throw new SluiceError('stopping', 'queries are not asked any more');
    this.#process ??= this.#start();
    const child = this.#process;
    const replied = Promise.withResolvers<QueryReply>();
    const onEnd = (code: number | null, killedBy: string | null): void => {
      if (this.#process === child) this.#process = undefined;
      replied.reject(new SluiceError('reading_failed', `query: its process ended (${killedBy ?? code})`));
    };
    const onAbort = (): void => void child.kill('SIGKILL');
    child.once('message', replied.resolve as (message: unknown) => void);
    child.once('error', replied.reject);
    child.once('exit', onEnd);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      child.send(sql, error => error && replied.reject(error));
      const reply = await replied.promise;
      if ('rows' in reply) return reply.rows;
      throw new SluiceError('reading_failed', `query: ${reply.fault}`);
    } catch (error) {
      throw readingFailure(error, { operation: 'run', subject: 'the process of queries' });
    } finally {
      signal.removeEventListener('abort', onAbort);
      child.removeAllListeners('message');
      child.removeListener('error', replied.reject);
      child.removeListener('exit', onEnd);
    }
  }

  #start(): ChildProcess {
    const entry = fileURLToPath(siblingModule(import.meta.url, './query-process'));
    const child = fork(entry, [this.#database, ...(this.#isStoreShared ? [STORE_ELSEWHERE] : [])], {
      // What this process was started with is not meant for that one.
      execArgv: [],
      env: threadEnvironment(),
      // The terminal's signals are not for it: it ends with its parent.
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    // What goes wrong between two queries shows with the next one.
    child.on('error', () => undefined);
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined;
    });
    child.unref();
    child.channel?.unref();
    return child;
  }
}

/** The rows of a SQL query on the station's own database, which is opened for reading only. */
export class QuerySource implements ReadingSource {
  readonly #sql: string;
  readonly #process: Pick<QueryProcess, 'ask'>;

  constructor(sql: string, process: Pick<QueryProcess, 'ask'>) {
    this.#sql = sql;
    this.#process = process;
  }

  async read(signal: () => AbortSignal): Promise<RawReading> {
    return { json: await this.#process.ask(this.#sql, signal()) };
  }

  async close(): Promise<void> {}
}
