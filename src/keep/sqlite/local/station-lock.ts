import { closeSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makePrivateFile } from '../../../base/durable-files.ts';
import { asSluiceError, SluiceError } from '../../../base/errors.ts';
import { makeFolderSync } from '../../../base/files/make-folder.ts';
import type { Service } from '../../../base/lifecycle.ts';
import type { ExclusivePlace } from '../../local/station-lock.ts';

/**
 * Where SQLite keeps `user_version` in a file's header (sqlite.org/fileformat.html, 1.3): we keep the process id there.
 */
const USER_VERSION_OFFSET = 60;
const SQLITE_BUSY = 5;

/** Locks a place by SQLite's own lock on a file of its own, which the kernel lets go of with the process. */
export function createStationLock(place: ExclusivePlace): Service {
  const { path, what, lockPath } = place;
  let lock: DatabaseSync | undefined;
  return {
    name: `exclusive use of ${what} ${path}`,
    async start() {
      if (lock) return;
      makeFolderSync(dirname(lockPath));
      makePrivateFile(lockPath);
      const opened = new DatabaseSync(lockPath, { timeout: 0 });
      try {
        // In this mode the lock taken by the first write is kept until the connection closes.
        opened.exec(
          `PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; PRAGMA user_version = ${process.pid}; COMMIT`,
        );
      } catch (error) {
        opened.close();
        throw refusal(error, place);
      }
      lock = opened;
    },
    async stop() {
      lock?.close();
      lock = undefined;
    },
  };
}

function refusal(error: unknown, { path, what, lockPath }: ExclusivePlace): SluiceError {
  const busy = error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
  if (!busy) return asSluiceError(error, { operation: 'lock', subject: lockPath });
  const message = `another station already uses ${what} ${path} (process ${holder(lockPath)})`;
  return new SluiceError('station_running', message, { subject: path });
}

/** The process id in the lock file; locks are advisory, so its bytes can be read all the same. */
function holder(lockPath: string): number {
  const file = openSync(lockPath, 'r');
  try {
    const bytes = Buffer.alloc(4);
    readSync(file, bytes, 0, 4, USER_VERSION_OFFSET);
    return bytes.readUInt32BE();
  } finally {
    closeSync(file);
  }
}
