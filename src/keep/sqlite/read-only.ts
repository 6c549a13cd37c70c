import { constants, DatabaseSync } from 'node:sqlite';

/** More rows than a reading should have. */
const MAX_ROWS = 10_000;
const MAX_CHARS = 16 * 2 ** 20;

/**
 * Runs queries on a database that is opened, for reading only, with the first of them. Each yields its rows as a JSON
 * list, blobs as hexadecimal text, and throws what SQLite throws, or RangeError for more than 10 000 rows
 * or 16 MiB of them.
 */
export function readOnlyQueries(path: string): (sql: string) => string {
  let connection: DatabaseSync | undefined;
  return sql => {
    connection ??= new DatabaseSync(path, { readOnly: true });
    return rowsAsJson(connection, sql);
  };
}

/** Attaching other databases, which would be open for writing, is refused. */
function rowsAsJson(connection: DatabaseSync, sql: string): string {
  connection.setAuthorizer(action =>
    action === constants.SQLITE_ATTACH ? constants.SQLITE_DENY : constants.SQLITE_OK,
  );
  const statement = connection.prepare(sql);
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

function asJson(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('hex'));
  return JSON.stringify(value ?? null);
}
