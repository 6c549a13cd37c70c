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

function isRunningCopy(name: string): boolean {
  return name.startsWith(COPY_FOLDER) && !isCopyGone(decodeURIComponent(name.slice(COPY_FOLDER.length)));
}
