import pg from 'pg';
import type { Clock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import { type Random, systemRandom } from '../../base/random.ts';
import type { SqlRow } from '../store/rows/columns.ts';
import type { StoreOutage } from '../store/store.ts';
import { type PostgresAddress, readAddress } from './address.ts';
import { asDatabaseError, failureOf, NO_TLS, tablesGone, takesNoChanges } from './errors.ts';
import {
  executorOf,
  type StatementOptions,
  statementOf,
  type Transaction,
  type TransactionalExecutor,
  type TransactionOptions,
} from './executor.ts';
import { Hosts } from './hosts.ts';
import { type Listening, listen } from './listen.ts';
import { assertUsable, migrate, USABLE_FROM } from './migrate.ts';
import { Outage } from './outage.ts';
import { asParameters, type Parameter, TYPES } from './parameters.ts';
import { assertOwnSession, beginSession } from './session.ts';

export interface PostgresOptions {
  /** `postgres://…`; the rest comes from PG* variables, as with every client. */
  readonly url: string;
  readonly clock: Clock;
  readonly env?: NodeJS.ProcessEnv;
  /** At most so many connections at once. */
  readonly connections?: number;
  /** What this process is to the server's `pg_stat_activity`; PGAPPNAME and the address come before it. */
  readonly applicationName?: string;
  /** How long one statement may take. */
  readonly statementTimeoutMs?: number;
  /** How long calls wait for a server that is not to be had. */
  readonly patienceMs?: number;
  readonly random?: Random;
}

const DEFAULT_CONNECTIONS = 10;
const DEFAULT_STATEMENT_TIMEOUT_MS = 60_000;
const DEFAULT_PATIENCE_MS = 30_000;
const CONNECT_TIMEOUT_MS = 20_000;
const IDLE_CONNECTION_MS = 30_000;
const KEEP_ALIVE_AFTER_MS = 10_000;
/** After the server's own limit; only a server that is gone without a word reaches it. */
const SILENCE_AFTER_TIMEOUT_MS = 15_000;
/** Tries of a transaction that meets others, and the longest wait before one; the first is a hundredth of it. */
const MOST_ATTEMPTS = 12;
const LONGEST_PAUSE_MS = 500;

/** Of one call: how often it was tried, and since when. */
interface Tries {
  count: number;
  readonly firstMs: number;
}

/**
 * Connections to one schema of a Postgres. Statements and transactions that are cut off before they could have taken
 * effect are made again by themselves, once the server is back; those that meet other transactions, at once.
 */
export class PostgresDatabase implements TransactionalExecutor {
  readonly schema: string;
  /** Where it is, for people; shows no secret. */
  readonly place: string;
  readonly #pool: pg.Pool;
  readonly #clientConfig: pg.ClientConfig;
  readonly #hosts: Hosts;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #outage: Outage;
  readonly #patienceMs: number;
  readonly #listening = new Set<Listening>();
  #wasLetIn = false;
  #closing: Promise<void> | undefined;

  private constructor(address: PostgresAddress, clientConfig: pg.ClientConfig, options: PostgresOptions) {
    const {
      clock,
      connections = DEFAULT_CONNECTIONS,
      statementTimeoutMs = DEFAULT_STATEMENT_TIMEOUT_MS,
    } = options;
    this.schema = address.schema;
    this.place = address.place;
    this.#clock = clock;
    this.#random = options.random ?? systemRandom;
    this.#clientConfig = { ...clientConfig, query_timeout: statementTimeoutMs + SILENCE_AFTER_TIMEOUT_MS };
    this.#hosts = new Hosts(address.hosts);
    this.#pool = new pg.Pool({
      ...this.#clientConfig,
      Client: this.#hosts.Client,
      max: connections,
      idleTimeoutMillis: IDLE_CONNECTION_MS,
      // It is awaited, whatever its type says.
      onConnect: client =>
        this.#begin(client as pg.PoolClient & pg.Client, statementTimeoutMs) as unknown as undefined,
    });
    // A connection that breaks while nobody uses it is no news: the next call finds out what is the matter.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', client => client.on('error', () => undefined));
    this.#patienceMs = options.patienceMs ?? DEFAULT_PATIENCE_MS;
    this.#outage = new Outage({
      clock,
      patienceMs: this.#patienceMs,
      probe: () => this.#probe(),
    });
  }

  /**
   * Connects, and brings the schema up to date. Waits for a server that is not to be had yet, as long as patience lasts.
   * @throws SluiceError `database_*`, `config_invalid`
   */
  static async open(options: PostgresOptions): Promise<PostgresDatabase> {
    const { url, env = process.env, clock } = options;
    const address = readAddress(url, env);
    const config: pg.ClientConfig = {
      fallback_application_name: options.applicationName ?? 'sluice',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
      types: TYPES,
      ...address.config,
    };
    const make = (given: pg.ClientConfig): PostgresDatabase =>
      new PostgresDatabase(address, given, { ...options, clock });
    let database = make(config);
    try {
      if (address.tlsPreferred && !(await database.#hasTls())) {
        await database.close();
        database = make({ ...config, ssl: false });
      }
      const opened = database;
      await assertOwnSession({
        connect: () => opened.#connect(),
        run: sql => opened.run(sql),
        place: opened.place,
      }).catch(error => {
        throw opened.#wrap(error, 'connect');
      });
      await migrate(database);
      database.#wasLetIn = true;
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** Undefined while the server is to be had. */
  get outage(): StoreOutage | undefined {
    return this.#outage.state;
  }

  /** As `Store.onOutage`. */
  onOutage(listener: (outage: StoreOutage | undefined) => void): () => void {
    return this.#outage.watch(listener);
  }

  async query(sql: string, values: readonly Parameter[] = [], options?: StatementOptions): Promise<SqlRow[]> {
    return (await this.#single(statementOf(sql, asParameters(values), options), 'read')).rows;
  }

  async first(
    sql: string,
    values: readonly Parameter[] = [],
    options?: StatementOptions,
  ): Promise<SqlRow | undefined> {
    return (await this.query(sql, values, options))[0];
  }

  async execute(sql: string, values: readonly Parameter[] = [], options?: StatementOptions): Promise<number> {
    return (await this.#single(statementOf(sql, asParameters(values), options), 'commit')).rowCount ?? 0;
  }

  async run(sql: string): Promise<void> {
    await this.#single({ text: sql }, 'commit');
  }

  executeSql(
    text: string,
    values: unknown[] = [],
    options?: StatementOptions,
  ): Promise<pg.QueryResult<SqlRow>> {
    return this.#single(statementOf(text, values, options), 'commit');
  }

  async transaction<T>(
    change: (transaction: Transaction) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    const begin = beginOf(options);
    for (const tries: Tries = { count: 1, firstMs: this.#clock.monotonicMs() }; ; tries.count += 1) {
      const client = await this.#connect();
      let committing = false;
      try {
        await client.query(begin);
        const result = await change(executorOf(client));
        committing = true;
        await client.query('COMMIT');
        client.release();
        return result;
      } catch (error) {
        await giveBack(client, error);
        await this.#judge(error, committing ? 'commit' : 'write', tries);
      }
    }
  }

  /**
   * Calls `onNotification` for each NOTIFY of a channel, on a connection of its own that is made anew when it breaks;
   * `onConnected` each time it has begun to listen, since what came before is lost.
   */
  async listen(
    channel: string,
    onNotification: (payload: string) => void,
    onConnected: () => void,
  ): Promise<Listening> {
    const handle = listen({
      channel,
      onNotification,
      onConnected,
      clock: this.#clock,
      connect: async () => {
        await this.#outage.pass();
        const client = new this.#hosts.Client(this.#clientConfig);
        client.on('error', () => undefined);
        await client.connect();
        return client;
      },
    });
    this.#listening.add(handle);
    return handle;
  }

  /** Ends all connections, those under way after their statement. May be repeated. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#outage.close();
      await Promise.all([...this.#listening].map(each => each.close()));
      await this.#pool.end();
    })();
    return this.#closing;
  }

  /** @param doing a statement that changes something commits by itself: when it breaks off, nobody knows whether it did */
  async #single(statement: pg.QueryConfig, doing: 'read' | 'commit'): Promise<pg.QueryResult<SqlRow>> {
    for (const tries: Tries = { count: 1, firstMs: this.#clock.monotonicMs() }; ; tries.count += 1) {
      const client = await this.#connect();
      try {
        const result = await client.query<SqlRow>(statement);
        client.release();
        return result;
      } catch (error) {
        await giveBack(client, error);
        await this.#judge(error, doing, tries);
      }
    }
  }

  /** Another station may have made the schema one that we cannot use since we looked. */
  async #begin(client: pg.Client, statementTimeoutMs: number): Promise<void> {
    const { schema, place } = this;
    if (this.#hosts.areSeveral) await this.#assertWritable(client);
    const row = await beginSession(client, { schema, statementTimeoutMs }, this.#wasLetIn ? USABLE_FROM : '');
    if (this.#wasLetIn) assertUsable(Number(row?.usable_from), place);
  }

  /** Of several servers the one that takes changes is meant: another is left, as one that is away. */
  async #assertWritable(client: pg.Client): Promise<void> {
    const { rows } = await client.query(`SELECT current_setting('transaction_read_only') = 'on' AS refuses`);
    if (rows[0]?.refuses !== true) return;
    this.#hosts.leave(client);
    throw takesNoChanges({ operation: 'connect', subject: this.place });
  }

  /** A connection, once the server is to be had. */
  async #connect(): Promise<pg.PoolClient> {
    for (;;) {
      await this.#outage.pass();
      try {
        return await this.#pool.connect();
      } catch (error) {
        const wrapped = this.#wrap(error, 'connect');
        // Who was let in once waits for that to come back, whatever the reason is.
        if (this.#closing || (!isAway(error) && !this.#wasLetIn)) throw wrapped;
        this.#outage.began(wrapped);
      }
    }
  }

  /** Returns where the same may be tried again, else throws. */
  async #judge(error: unknown, doing: 'read' | 'write' | 'commit', { count, firstMs }: Tries): Promise<void> {
    const wrapped = this.#wrap(error, `${doing} database`);
    if (error instanceof SluiceError || this.#closing) throw wrapped;
    const failure = failureOf(error);
    // Tables that were there are waited for as a server that was.
    if (isAway(error) || (failure === 'gone' && this.#wasLetIn)) {
      this.#outage.began(wrapped);
      // One that answers its probes, and ends every call: patience is for calls as well.
      const isOverdue = this.#clock.monotonicMs() - firstMs > this.#patienceMs;
      if ((doing === 'commit' && failure === 'lost') || isOverdue) throw wrapped;
      return;
    }
    if (failure === 'stale' && count < MOST_ATTEMPTS) return;
    if (failure !== 'again' || count === MOST_ATTEMPTS) throw wrapped;
    await this.#clock.sleep(
      this.#random() * Math.min((LONGEST_PAUSE_MS / 100) * 2 ** count, LONGEST_PAUSE_MS),
    );
  }

  async #probe(): Promise<void> {
    try {
      await this.#leaveReadOnly();
      const { rows } = await this.#pool.query(`SELECT to_regclass('sluice_schema') IS NULL AS has_no_tables`);
      if (rows[0]?.has_no_tables !== true || !this.#wasLetIn) return;
    } catch (error) {
      throw this.#wrap(error, 'connect');
    }
    const details = { operation: 'connect', subject: this.place };
    throw tablesGone(`${this.place} has lost the tables of sluice`, details);
  }

  /**
   * Connections that are there may be to a server that has become a standby since, while the name leads to another: they
   * are ended, so that none is found again, and none answers what was true before.
   */
  async #leaveReadOnly(): Promise<void> {
    await Promise.allSettled(Array.from({ length: this.#pool.idleCount }, () => this.#connectWritable()));
    await this.#connectWritable();
  }

  async #connectWritable(): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await this.#assertWritable(client as pg.PoolClient & pg.Client);
      client.release();
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  async #hasTls(): Promise<boolean> {
    try {
      await this.query('SELECT 1');
      return true;
    } catch (error) {
      const { cause } = error as Error;
      if (cause instanceof Error && NO_TLS.test(cause.message)) return false;
      throw error;
    }
  }

  #wrap(error: unknown, operation: string): SluiceError {
    return asDatabaseError(error, operation, this.place);
  }
}

function beginOf({ mayBeLost = false, lock }: TransactionOptions): string {
  const statements = ['BEGIN'];
  if (mayBeLost) statements.push('SET LOCAL synchronous_commit = off');
  if (lock !== undefined)
    statements.push(`SELECT pg_advisory_xact_lock(hashtextextended(${pg.escapeLiteral(lock)}, 0))`);
  return statements.join('; ');
}

/** There, and of no use to anybody just now. */
function isAway(error: unknown): boolean {
  return error instanceof SluiceError
    ? error.code === 'database_unreachable'
    : ['lost', 'closed'].includes(failureOf(error));
}

/** A failure of the connection, or of what ran on it too long, leaves nothing that could be used again. */
async function giveBack(client: pg.PoolClient, error: unknown): Promise<void> {
  const failure = error instanceof SluiceError ? 'other' : failureOf(error);
  if (['lost', 'closed', 'late', 'stale'].includes(failure)) return client.release(true);
  try {
    await client.query('ROLLBACK');
    client.release();
  } catch {
    client.release(true);
  }
}
