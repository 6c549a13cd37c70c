import { closeSync, openSync } from 'node:fs';

/**
 * Makes the file of a database that is to be, readable by its owner only; SQLite gives its log and index the same mode
 * (sqlite.org/src, `findCreateFileMode`). One that is there keeps its mode: somebody may have opened it to a group. What
 * keeps it from being made is left for SQLite to say.
 */
export function makePrivateFile(path: string): void {
  if (path === '' || path === ':memory:') return;
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch {
    // It is there, or opening it fails for the same reason.
  }
}
