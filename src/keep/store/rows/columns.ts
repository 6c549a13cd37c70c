/** A row as a database gives it. */
export type SqlRow = Record<string, unknown>;

/** Reading columns out of a row with the type that the schema promises. */

export function readInteger(row: SqlRow, column: string): number {
  return Number(row[column]);
}

export function readReal(row: SqlRow, column: string): number {
  return Number(row[column]);
}

export function readIntegerOrNull(row: SqlRow, column: string): number | null {
  const value = row[column];
  return value === null || value === undefined ? null : Number(value);
}

export function readText(row: SqlRow, column: string): string {
  return String(row[column]);
}

export function readTextOrNull(row: SqlRow, column: string): string | null {
  const value = row[column];
  return value === null || value === undefined ? null : String(value);
}
