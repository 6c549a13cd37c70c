import type pg from 'pg';
import type { SqlRow } from '../store/rows/columns.ts';
import { type CopyValue, copyIn } from './copy.ts';
import { asParameters, type Parameter } from './parameters.ts';

/** Runs statements: each by itself, or within one transaction. Parameters are `$1`, `$2` and so on. */
export interface SqlExecutor {
  /** All rows. Outside a transaction it only reads, since it may be asked again. */
  query(sql: string, values?: readonly Parameter[]): Promise<SqlRow[]>;
  /** The first row, if there is one. As `query`. */
  first(sql: string, values?: readonly Parameter[]): Promise<SqlRow | undefined>;
  /** @returns how many rows it touched */
  execute(sql: string, values?: readonly Parameter[]): Promise<number>;
  /** Several statements without parameters. */
  run(sql: string): Promise<void>;
  /** The same for others who bring their own statements and values (pg-boss's `IDatabase`). */
  executeSql(text: string, values?: unknown[]): Promise<{ rows: SqlRow[]; rowCount: number | null }>;
}

/** Runs statements within one transaction. */
export interface Transaction extends SqlExecutor {
  /** Adds rows to a table. @param into its name with columns, `commits (id, hash)`, in the order of the rows' values */
  copyIn(into: string, rows: Iterable<readonly CopyValue[]>): Promise<void>;
}

export interface TransactionOptions {
  /**
   * A crash of the server may lose the whole of it though it was committed, as one on SQLite may lose the last changes:
   * for what is noticed and made again.
   */
  readonly mayBeLost?: boolean;
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

/** Statements on one connection: within its transaction. */
export function executorOf(client: pg.ClientBase): Transaction {
  const call = (sql: string, values: unknown[] = []): Promise<pg.QueryResult<SqlRow>> =>
    client.query<SqlRow>(sql, values.length === 0 ? undefined : values);
  return {
    query: async (sql, values = []) => (await call(sql, asParameters(values))).rows,
    first: async (sql, values = []) => (await call(sql, asParameters(values))).rows[0],
    execute: async (sql, values = []) => (await call(sql, asParameters(values))).rowCount ?? 0,
    run: async sql => void (await call(sql)),
    executeSql: call,
    copyIn: (into, rows) => copyIn(client, into, rows),
  };
}
