// Figures as a file: comma-separated values as RFC 4180 has them. Pure.

export type Cell = string | number | null;

export interface FigureTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A table with its heads; times as they are given, null as nothing. */
export function csvOf({ columns, rows }: FigureTable): string {
  return [columns, ...rows].map(row => `${row.map(fieldOf).join(',')}\r\n`).join('');
}

function fieldOf(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  // Programs for tables take a text that begins like this for a formula, whoever wrote it.
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A name that a file may have, of any words. */
export function fileName(words: string, ending: 'csv' | 'svg'): string {
  const plain = words
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/[^\p{Letter}\p{Number}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return `${plain.slice(0, 100) || 'chart'}.${ending}`;
}
