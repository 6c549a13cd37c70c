import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { SqlRow } from '../store/rows/columns.ts';
import { type CopyTarget, type CopyValue, copyIn } from './copy.ts';
import { asParameters, type Parameter } from './parameters.ts';

export interface StatementOptions {
  /**
   * The server keeps the plan for its connection: a third less work for what is asked all the time. Only for a text that
   * is always the same, and whose best plan does not depend on the values.
   */
  readonly keepsPlan?: boolean;
}

export const KEEPS_PLAN: StatementOptions = { keepsPlan: true };

/** Runs statements: each by itself, or within one transaction. Parameters are `$1`, `$2` and so on. */
export interface SqlExecutor {
  /** All rows. Outside a transaction it only reads, since it may be asked again. */
  query(sql: string, values?: readonly Parameter[], options?: StatementOptions): Promise<SqlRow[]>;
  /** The first row, if there is one. As `query`. */
  first(sql: string, values?: readonly Parameter[], options?: StatementOptions): Promise<SqlRow | undefined>;
  /** @returns how many rows it touched */
  execute(sql: string, values?: readonly Parameter[], options?: StatementOptions): Promise<number>;
  /** Several statements without parameters. */
  run(sql: string): Promise<void>;
  /** The same for others who bring their own statements and values (pg-boss's `IDatabase`). */
  executeSql(
    text: string,
    values?: unknown[],
    options?: StatementOptions,
  ): Promise<{ rows: SqlRow[]; rowCount: number | null }>;
}

/** Runs statements within one transaction. */
export interface Transaction extends SqlExecutor {
  /** Adds rows to a table. They are asked for while the server stores earlier ones. */
  copyIn(into: CopyTarget, rows: Iterable<readonly CopyValue[]>): Promise<void>;
}

export interface TransactionOptions {
  /**
   * A crash of the server may lose the whole of it though it was committed, as one on SQLite may lose the last changes:
   * for what is noticed and made again.
   */
  readonly mayBeLost?: boolean;
  /** Waits until no other transaction has the lock of this name, in the same round trip in which it begins. */
  readonly lock?: string;
}

/** What also begins transactions. */
export interface TransactionalExecutor extends SqlExecutor {
  readonly schema: string;
  /** Where it is, for people; shows no secret. */
  readonly place: string;
  /**
   * Runs `change` in one transaction: all of it or nothing. It may run more than once, so it changes nothing outside the
   * database; and it must not wait for anything but the database, since the server ends a transaction that stands still.
   * @throws SluiceError `database_unreachable` also where the connection broke during COMMIT: then it may have been made
   */
  transaction<T>(change: (transaction: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
}

/** A statement as node-postgres takes it. */
export function statementOf(
  text: string,
  values: unknown[],
  { keepsPlan = false }: StatementOptions = {},
): pg.QueryConfig {
  if (keepsPlan) return { text, values, name: nameOf(text) };
  return values.length === 0 ? { text } : { text, values };
}

const names = new Map<string, string>();

/** Postgres knows a plan by a name that is short and always the same. */
function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('base64url').slice(0, 20);
    names.set(text, name);
  }
  return name;
}

/** Statements on one connection: within its transaction. */
export function executorOf(client: pg.ClientBase): Transaction {
  const call = (
    sql: string,
    values: unknown[] = [],
    options?: StatementOptions,
  ): Promise<pg.QueryResult<SqlRow>> => client.query<SqlRow>(statementOf(sql, values, options));
  return {
    query: async (sql, values = [], options) => (await call(sql, asParameters(values), options)).rows,
    first: async (sql, values = [], options) => (await call(sql, asParameters(values), options)).rows[0],
    execute: async (sql, values = [], options) =>
      (await call(sql, asParameters(values), options)).rowCount ?? 0,
    run: async sql => void (await call(sql)),
    executeSql: call,
    copyIn: (into, rows) => copyIn(client, into, rows),
  };
}
