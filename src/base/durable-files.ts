import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Writes a file anew and forces its content onto the disk; its name is durable after `syncFolder`. */
export async function writeDurably(path: string, content: Uint8Array | string): Promise<void> {
  const handle = await open(path, 'w');
  try {
    await handle.writeFile(content);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** Makes the names in a folder durable: a rename is only then safe from a power failure. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Network file systems refuse it; the rename itself is all that can be had there.
    if (!['EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

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
