import type pg from 'pg';
import { SluiceError } from '../../base/errors.ts';
import { quoteName } from './address.ts';
import type { SqlExecutor } from './executor.ts';

/**
 * What a connection is before anything is asked over it: its settings, and that it is one of a station that may use the
 * schema. Every connection holds a lock of the schema's name that others hold as well; a migration that older stations
 * cannot go on beside takes it alone (`dismissSessions`), so that they are at nothing while it is made, and are told what
 * has happened when they come again.
 */

/**
 * A process that stands still within a transaction would hold up every other station's locks: the server ends its
 * connection then.
 */
const IDLE_IN_TRANSACTION_MS = 5_000;
/** How long a notification may take, once it is sent, that has to prove that it comes. */
const HEARD_WITHIN_MS = 2_000;
const CHANNEL = 'sluice_session';
/** Tries to be alone, and the pause between two in seconds: whoever came in between is dismissed, too. */
const MOST_DISMISSALS = 200;
const PAUSE_S = 0.05;

function lockOf(schema: string): string {
  return `hashtextextended('sluice sessions ${schema.replaceAll("'", "''")}', 0)`;
}

/** Makes a session of a new connection, in one round trip. @returns what the last statement of `then` answers */
export async function beginSession(
  client: pg.ClientBase,
  { schema, statementTimeoutMs }: { readonly schema: string; readonly statementTimeoutMs: number },
  then: string,
): Promise<pg.QueryResultRow | undefined> {
  const results = (await client.query(`
    SET search_path = ${quoteName(schema)};
    SET idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS};
    SET client_min_messages = warning;
    SET timezone = 'UTC';
    SET jit = off;
    SELECT pg_advisory_lock_shared(${lockOf(schema)});
    SET statement_timeout = ${statementTimeoutMs};
    ${then}`)) as unknown as pg.QueryResult[];
  return results.at(-1)?.rows[0];
}

/** Ends all sessions of a schema but the caller's, and keeps new ones waiting until the transaction ends. */
export async function dismissSessions(transaction: SqlExecutor, schema: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const alone = await transaction.first(`SELECT pg_try_advisory_xact_lock(${lockOf(schema)}) AS is_alone`);
    if (alone?.is_alone === true) return;
    if (attempt === MOST_DISMISSALS)
      throw new SluiceError('database_busy', 'other stations hold their connections to the schema', {
        hint: 'Stop all stations, then start this one.',
      });
    await transaction.query(`
      SELECT pg_terminate_backend(pid) FROM pg_locks
       WHERE locktype = 'advisory' AND objsubid = 1 AND pid <> pg_backend_pid() AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND classid::bigint = (${lockOf(schema)} >> 32) & 4294967295 AND objid::bigint = ${lockOf(schema)} & 4294967295`);
    await transaction.query(`SELECT pg_sleep(${PAUSE_S})`);
  }
}

/** How a pool of connections is used to look what stands between. */
export interface Between {
  readonly connect: () => Promise<pg.PoolClient>;
  /** Runs a statement on another connection. */
  readonly run: (sql: string) => Promise<void>;
  readonly place: string;
}

/**
 * Makes sure that what is said on a connection stays on it, where something stands between us and the server: settings,
 * locks of a session and notifications need that.
 * @throws SluiceError `config_invalid` for a pooler that hands connections on between transactions
 */
export async function assertOwnSession({ connect, run, place }: Between): Promise<void> {
  const listener = await connect();
  try {
    const { rows } = await listener.query('SELECT pg_backend_pid() AS pid');
    // Whoever stands between says the number of a process of its own.
    if (rows[0]?.pid === (listener as { readonly processID?: number }).processID) {
      listener.release();
      return;
    }
    const isOwn = await isHeard(listener, run);
    listener.release(true);
    if (isOwn) return;
  } catch (error) {
    listener.release(true);
    throw error;
  }
  throw new SluiceError(
    'config_invalid',
    `${place}: what stands between here and the server hands connections on between transactions; a station needs its own`,
    { hint: 'Let store name the server itself, or set pool_mode = session in PgBouncer.' },
  );
}

async function isHeard(listener: pg.PoolClient, run: Between['run']): Promise<boolean> {
  await listener.query(`LISTEN ${CHANNEL}`);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  listener.on('notification', () => resolve(true));
  await run(`NOTIFY ${CHANNEL}`);
  const timer = setTimeout(() => resolve(false), HEARD_WITHIN_MS);
  return promise.finally(() => clearTimeout(timer));
}
