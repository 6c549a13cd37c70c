import type { ColumnType, InsightRow, Value } from '../insights/catalogue.ts';
import { jsonText, printable } from './terminal.ts';

export type TableFormat = 'table' | 'json' | 'csv' | 'parquet';
type Columns = Readonly<Record<string, ColumnType>>;

const WIDEST_CELL = 60;

/** Rows in one of the formats: JSON one object a line, CSV by RFC 4180 with a header, Parquet a whole file. */
export async function render(
  rows: readonly InsightRow[],
  columns: Columns,
  format: TableFormat,
): Promise<string | Uint8Array> {
  if (format === 'json') return rows.map(row => `${jsonText(row)}\n`).join('');
  if (format === 'csv') return csv(rows, columns);
  if (format === 'table') return table(rows, columns);
  return parquet(rows, columns);
}

function csv(rows: readonly InsightRow[], columns: Columns): string {
  const names = Object.keys(columns);
  const lines = [names, ...rows.map(row => names.map(name => csvCell(row[name])))];
  return lines.map(cells => `${cells.join(',')}\r\n`).join('');
}

/**
 * A cell by RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in front, as OWASP has it ("CSV
 * Injection"); numbers stay numbers. What could steer a terminal does not pass.
 */
function csvCell(value: Value | undefined): string {
  const text = neutral(value === null || value === undefined ? '' : String(value));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i;

function neutral(text: string): string {
  const isFormula = FORMULA.test(text) && !NUMBER.test(text);
  const safe = text.replace(/[^\t\r\n]+/g, printable);
  return isFormula ? `'${safe}` : safe;
}

function table(rows: readonly InsightRow[], columns: Columns): string {
  const names = Object.keys(columns);
  const isNumber = (name: string): boolean => columns[name] === 'integer' || columns[name] === 'number';
  const cells = rows.map(row => names.map(name => cellText(row[name], columns[name])));
  const widths = names.map((name, index) =>
    cells.reduce((widest, row) => Math.max(widest, width(row[index] ?? '')), name.length),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => {
        const blanks = ' '.repeat(Math.max(0, (widths[index] ?? 0) - width(cell)));
        return isNumber(names[index] ?? '') ? blanks + cell : cell + blanks;
      })
      .join('  ')
      .trimEnd();
  return [names, ...cells].map(row => `${line(row)}\n`).join('');
}

function cellText(value: Value | undefined, type: ColumnType | undefined): string {
  if (value === null || value === undefined) return '–';
  if (type === 'number') return Number(value).toFixed(3);
  const text = printable(String(value));
  const characters = [...text];
  return characters.length <= WIDEST_CELL ? text : `${characters.slice(0, WIDEST_CELL - 1).join('')}…`;
}

function width(text: string): number {
  return [...text].length;
}

/** Types of Parquet's own: a day is DATE, a time TIMESTAMP in milliseconds (parquet-format, LogicalTypes.md). */
const PARQUET_TYPE = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  integer: { type: 'INT64' },
  number: { type: 'DOUBLE' },
  date: { type: 'INT32', converted_type: 'DATE' },
  time: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
} as const;

async function parquet(rows: readonly InsightRow[], columns: Columns): Promise<Uint8Array> {
  // Loaded only when it is asked for.
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const all = Object.entries(columns);
  const schema = all.map(([name, type]) => ({
    name,
    ...PARQUET_TYPE[type],
    repetition_type: 'OPTIONAL' as const,
  }));
  const columnData = all.map(([name, type]) => ({
    name,
    data: rows.map(row => parquetValue(row[name] ?? null, type)),
  }));
  const root = { name: 'root', num_children: all.length };
  return new Uint8Array(parquetWriteBuffer({ columnData, schema: [root, ...schema] }));
}

function parquetValue(value: Value, type: ColumnType): string | number | bigint | Date | null {
  if (value === null) return null;
  if (type === 'integer') return BigInt(Math.round(Number(value)));
  if (type === 'date' || type === 'time') return new Date(String(value));
  return value;
}
