import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isWorkerGone } from '../../engine/work/worker-id.ts';
import type { FileAddress } from '../../keep/store/journal.ts';
import { COPY_FOLDER, codeOf, type Spool } from './spool.ts';

/** The folder, below a bucket's in `incoming_tmp`, in which one copy works (S4). */
export function copyFolder(spool: Spool, address: Omit<FileAddress, 'filepath'>, worker: string): string {
  return join(spool.bucketPath('incoming_tmp', address), `${COPY_FOLDER}${encodeURIComponent(worker)}`);
}

/** Whether a copy that still runs has files of that bucket in hand. */
export function hasRunningCopy(spool: Spool, address: FileAddress): boolean {
  try {
    return readdirSync(spool.bucketPath('incoming_tmp', address)).some(
      name =>
        name.startsWith(COPY_FOLDER) &&
        !isWorkerGone(decodeURIComponent(name.slice(COPY_FOLDER.length))) &&
        statSync(spool.bucketPath('incoming_tmp', address)).isDirectory(),
    );
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
