import { shortened, textWidth } from '../base/columns.ts';
import type { ColumnType, InsightGrid, InsightRow, Value } from '../insights/catalogue.ts';
import { grid } from './grid.ts';
import { jsonText, printable } from './terminal.ts';

export type TableFormat = 'table' | 'json' | 'csv' | 'parquet';
type Columns = Readonly<Record<string, ColumnType>>;

const WIDEST_CELL = 60;

/** How a table for people is laid out. */
export interface TableShape {
  /** So many columns has the terminal that it goes to; absent where it goes elsewhere. */
  readonly fit?: number | undefined;
  /** As a grid instead of a line a row. */
  readonly grid?: InsightGrid | undefined;
}

/** Rows in one of the formats: JSON one object a line, CSV by RFC 4180 with a header, Parquet a whole file. */
export async function render(
  rows: readonly InsightRow[],
  columns: Columns,
  format: TableFormat,
  { fit, grid: asGrid }: TableShape = {},
): Promise<string | Uint8Array> {
  if (format === 'json') return rows.map(row => `${jsonText(row)}\n`).join('');
  if (format === 'csv') return csv(rows, columns);
  if (format === 'table') return asGrid ? grid(rows, asGrid) : table(rows, columns, fit);
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

/** Columns narrower than this say nothing any more. */
const NARROWEST_CELL = 8;
const GAP = 2;

/**
 * @param fit how many columns the terminal has, where the table is to fit into them: then times become days, and the
 *   longest texts lose their middle
 */
function table(rows: readonly InsightRow[], columns: Columns, fit: number | undefined): string {
  const names = Object.keys(columns);
  const isNumber = (name: string): boolean => columns[name] === 'integer' || columns[name] === 'number';
  let cells = rows.map(row => names.map(name => cellText(row[name], columns[name])));
  let widths = widthsOf(names, cells);
  if (fit !== undefined && totalOf(widths) > fit) {
    cells = cells.map(row => row.map((cell, index) => (isTime(columns, names[index]) ? dayOf(cell) : cell)));
    const texts = names.map(name => !isNumber(name) && !isTime(columns, name) && columns[name] !== 'date');
    widths = narrowed(widthsOf(names, cells), texts, fit);
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => {
        const space = widths[index] ?? 0;
        const shown = shortened(cell, space);
        const blanks = ' '.repeat(Math.max(0, space - textWidth(shown)));
        return isNumber(names[index] ?? '') ? blanks + shown : shown + blanks;
      })
      .join(' '.repeat(GAP))
      .trimEnd();
  return [names, ...cells].map(row => `${line(row)}\n`).join('');
}

function widthsOf(names: readonly string[], cells: readonly (readonly string[])[]): number[] {
  return names.map((name, index) =>
    cells.reduce((widest, row) => Math.max(widest, textWidth(row[index] ?? '')), name.length),
  );
}

function totalOf(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each, 0) + GAP * (widths.length - 1);
}

function isTime(columns: Columns, name: string | undefined): boolean {
  return columns[name ?? ''] === 'time';
}

function dayOf(cell: string): string {
  return cell.replace(/T.*$/, '');
}

/** Takes from the widest text column, one cell after the other, until all fit or none can give more. Pure. */
function narrowed(widths: readonly number[], texts: readonly boolean[], fit: number): number[] {
  const narrow = [...widths];
  while (totalOf(narrow) > fit) {
    const widest = narrow.reduce(
      (best, each, index) => (texts[index] && each > (narrow[best] ?? -1) ? index : best),
      -1,
    );
    if (widest < 0 || (narrow[widest] ?? 0) <= NARROWEST_CELL) break;
    narrow[widest] = (narrow[widest] ?? 0) - 1;
  }
  return narrow;
}

function cellText(value: Value | undefined, type: ColumnType | undefined): string {
  if (value === null || value === undefined) return '–';
  if (type === 'number') return Number(value).toFixed(3);
  return shortened(printable(String(value)), WIDEST_CELL);
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
