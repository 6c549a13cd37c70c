/** A value that SQLite takes and gives. */
export type SqlValue = null | number | string | Uint8Array;
export type SqlRow = Record<string, SqlValue>;

/** Reading columns out of a row with the type that the schema (STRICT tables) promises. */

export function integer(row: SqlRow, column: string): number {
  return Number(row[column]);
}

export function integerOrNull(row: SqlRow, column: string): number | null {
  const value = row[column];
  return value === null || value === undefined ? null : Number(value);
}

export function text(row: SqlRow, column: string): string {
  return String(row[column]);
}

export function textOrNull(row: SqlRow, column: string): string | null {
  const value = row[column];
  return value === null || value === undefined ? null : String(value);
}
