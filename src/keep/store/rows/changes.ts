import type { ChangedPath, FileChangeColumns } from '../touched/change-source.ts';
import type { SqlRow } from './columns.ts';
import { readNumbers } from './numbers.ts';

/** Columns that a database has joined into texts, numbers by commas and paths as JSON; each null where there are none. */

export function changedPathsOf(row: SqlRow | undefined): ChangedPath[] {
  const [ids, changes] = [joinedNumbers(row?.ids), joinedNumbers(row?.changes)];
  const paths: readonly string[] = typeof row?.paths === 'string' ? JSON.parse(row.paths) : [];
  return paths.map((path, index) => ({ id: ids[index] ?? 0, path, changes: changes[index] ?? 0 }));
}

export function fileChangeColumns(row: SqlRow | undefined): FileChangeColumns {
  return {
    commitIds: joinedNumbers(row?.commits),
    days: joinedNumbers(row?.days),
    authorIds: joinedNumbers(row?.authors),
    added: joinedNumbers(row?.added),
    removed: joinedNumbers(row?.removed),
  };
}

/** The numbers of a text. */
export function joinedNumbers(text: unknown): number[] {
  return typeof text === 'string' ? readNumbers(text) : [];
}
