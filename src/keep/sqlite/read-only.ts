import { constants, DatabaseSync, type StatementSync } from 'node:sqlite';

/** More rows than a reading should have. */
const MAX_ROWS = 10_000;
const MAX_CHARS = 16 * 2 ** 20;
/** Where a database has no log, a reading waits for the commit that is under way. */
const COMMIT_WAIT_MS = 5000;

/**
 * Runs queries on a database that is opened, for reading only, with the first of them. Each yields its rows as a JSON
 * list, blobs as hexadecimal text, and throws what SQLite throws, or RangeError for more than 10 000 rows
 * or 16 MiB of them.
 * @param elsewhere tables that are empty here, since the store on a server has them: a query that reads one is refused
 */
export function readOnlyQueries(path: string, elsewhere: readonly string[] = []): (sql: string) => string {
  const refused = new Set(elsewhere);
  let connection: DatabaseSync | undefined;
  return sql => {
    connection ??= new DatabaseSync(path, { readOnly: true, timeout: COMMIT_WAIT_MS });
    return rowsAsJson(connection, sql, refused);
  };
}

function rowsAsJson(connection: DatabaseSync, sql: string, refused: ReadonlySet<string>): string {
  const statement = prepare(connection, sql, refused);
  statement.setReadBigInts(true);
  const rows: string[] = [];
  let chars = 0;
  for (const row of statement.iterate()) {
    if (rows.length === MAX_ROWS) throw new RangeError(`more than ${MAX_ROWS} rows; add a LIMIT`);
    const json = `{${Object.entries(row).map(([name, value]) => `${JSON.stringify(name)}:${asJson(value)}`)}}`;
    chars += json.length;
    if (chars > MAX_CHARS) throw new RangeError('more than 16 MiB of rows; select less');
    rows.push(json);
  }
  return `[${rows}]`;
}

/** Attaching other databases, which would be open for writing, is refused. */
function prepare(connection: DatabaseSync, sql: string, refused: ReadonlySet<string>): StatementSync {
  let isElsewhere = '';
  connection.setAuthorizer((action, table) => {
    if (action === constants.SQLITE_READ && table !== null && refused.has(table)) isElsewhere = table;
    else if (action !== constants.SQLITE_ATTACH) return constants.SQLITE_OK;
    return constants.SQLITE_DENY;
  });
  try {
    return connection.prepare(sql);
  } catch (error) {
    if (isElsewhere === '') throw error;
    const words = `${isElsewhere} is in the Postgres of "store"; a query reads the journal of this station`;
    throw new RangeError(words, { cause: error });
  }
}

function asJson(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('hex'));
  return JSON.stringify(value ?? null);
}
