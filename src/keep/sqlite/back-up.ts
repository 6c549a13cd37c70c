import { existsSync, realpathSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { makePrivateFile, syncFolder } from '../../base/durable-files.ts';
import { asFileError, SluiceError } from '../../base/errors.ts';
import type { BackUpOptions, BackUpResult } from '../local/local-store.ts';
import { asDatabaseError } from './errors.ts';

/** Copied before the event loop, and so Ctrl-C, gets its turn: 4 MiB. */
const PAGES_AT_ONCE = 1024;
const FAULTS_SHOWN = 10;

/**
 * LocalStore.backUp. The source's connection holds a read transaction all the while: SQLite copies the pages of that
 * moment, however much others write meanwhile, and never has to begin anew (sqlite.org/backup.html, "File and Database
 * Connection Locking").
 */
export async function backUpDatabase(
  database: string,
  target: string,
  { signal, onProgress }: BackUpOptions,
): Promise<BackUpResult> {
  const file = resolve(target);
  if (!existsSync(database)) throw new SluiceError('not_found', `there is no database ${database}`);
  if (existsSync(file) && realpathSync(file) === realpathSync(database))
    throw new SluiceError('usage', `${file} is the database itself`, { hint: 'Name another file.' });
  if (!existsSync(dirname(file)))
    throw new SluiceError('usage', `there is no folder ${dirname(file)}`, {
      hint: 'Make the folder, or name another file.',
    });
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new SluiceError('usage', `${file} is a folder`, { hint: 'Name a file in it.' });
  const partial = join(dirname(file), `.${basename(file)}.${process.pid}.partial`);
  try {
    makePrivateFile(partial);
    await copyPages(database, partial, { signal, onProgress });
    const [fault] = databaseFaults(partial);
    if (fault !== undefined)
      throw new SluiceError('database_invalid', `the copy of ${database} is not whole: ${fault}`, {
        hint: 'Check the database with "sluice doctor"; the file named is as it was.',
      });
    const handle = await open(partial, 'r+');
    await handle.sync().finally(() => handle.close());
    await rename(partial, file);
    await syncFolder(dirname(file));
    return { bytes: statSync(file).size };
  } catch (error) {
    signal.throwIfAborted();
    throw asFileError(asDatabaseError(error, 'back up', file), { operation: 'back up', subject: file });
  } finally {
    for (const ending of ['', '-wal', '-shm', '-journal']) await rm(partial + ending, { force: true });
  }
}

async function copyPages(
  database: string,
  target: string,
  { signal, onProgress }: BackUpOptions,
): Promise<void> {
  const source = new DatabaseSync(database, { readOnly: true, timeout: 5000 });
  try {
    source.exec('BEGIN');
    source.prepare('SELECT count(*) FROM sqlite_schema').get();
    await backup(source, target, {
      rate: PAGES_AT_ONCE,
      progress({ totalPages, remainingPages }) {
        signal.throwIfAborted();
        onProgress?.(totalPages === 0 ? 1 : 1 - remainingPages / totalPages);
      },
    });
  } finally {
    source.close();
  }
}

/** LocalStore.findFaults. */
export function databaseFaults(path: string): readonly string[] {
  try {
    const connection = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    try {
      const rows = connection.prepare(`PRAGMA quick_check(${FAULTS_SHOWN})`).all();
      return rows.flatMap(row => Object.values(row).map(String)).filter(text => text !== 'ok');
    } finally {
      connection.close();
    }
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
