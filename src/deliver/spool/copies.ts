import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isWorkerGone, newWorkerId } from '../../engine/queue/worker-id.ts';
import type { FileAddress } from '../../keep/local/journal.ts';
import { systemErrorCode } from './files.ts';
import type { Spool } from './spool.ts';

/** Prefix of the folder in which a running copy works, below a bucket's folder of `incoming_tmp`. */
const COPY_FOLDER = '.copy-';

/** The folder, below a bucket's in `incoming_tmp`, in which one copy works. */
export function copyFolder(spool: Spool, address: Omit<FileAddress, 'filepath'>, worker: string): string {
  return join(spool.bucketPath('incoming_tmp', address), `${COPY_FOLDER}${encodeURIComponent(worker)}`);
}

/**
 * Whether the copy of that name has certainly ended. A name of another boot counts as ended, since this machine has
 * been started anew; should it be another machine's on a shared disk, its copy notices and copies that file again.
 */
export function isCopyGone(worker: string): boolean {
  const bootOf = (name: string): string => (name.split(':')[2] ?? '').split('/')[0] ?? '';
  return isWorkerGone(worker) || bootOf(worker) !== bootOf(newWorkerId());
}

/** Whether a copy that still runs has files of that bucket in hand. */
export function hasRunningCopy(spool: Spool, address: FileAddress): boolean {
  try {
    return readdirSync(spool.bucketPath('incoming_tmp', address)).some(isRunningCopy);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Empties `incoming_tmp` but for what running copies work on. */
export function emptyIncomingTmp(spool: Spool): void {
  const empty = (directory: string, depth: number): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (depth < 2 && entry.isDirectory()) empty(path, depth + 1);
      else if (!isRunningCopy(entry.name)) rmSync(path, { recursive: true, force: true });
    }
  };
  const area = spool.areaPath('incoming_tmp');
  if (statSync(area, { throwIfNoEntry: false })) empty(area, 0);
}

/**
 * Removes what copies have left that have certainly ended, as when they were killed; one that cannot be seen from here
 * counts as running.
 */
export function removeDeadCopies(spool: Spool): void {
  const area = spool.areaPath('incoming_tmp');
  for (const profile of foldersIn(area)) {
    for (const bucket of foldersIn(join(area, profile))) {
      const folder = join(area, profile, bucket);
      for (const name of foldersIn(folder))
        if (name.startsWith(COPY_FOLDER) && isWorkerGone(workerOf(name)))
          rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}

/** Whether any copy has its folder there, be it one that cannot be seen from here. */
export function hasCopyFolder(spool: Spool, address: FileAddress): boolean {
  return foldersIn(spool.bucketPath('incoming_tmp', address)).some(name => name.startsWith(COPY_FOLDER));
}

function foldersIn(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries.filter(entry => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function isRunningCopy(name: string): boolean {
  return name.startsWith(COPY_FOLDER) && !isCopyGone(workerOf(name));
}

/** Empty for a name that is none of a copy's. */
function workerOf(name: string): string {
  try {
    return decodeURIComponent(name.slice(COPY_FOLDER.length));
  } catch {
    return '';
  }
}
