import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ErrorDetails, SluiceError } from '../../base/errors.ts';

/** Primary result codes (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;
const SQLITE_CANTOPEN = 14;
const SQLITE_READONLY = 8;

/** SQLite has no word of its own for EDQUOT. */
const AFTER_IO_ERROR = 'Look at the disk and its quotas: one that is used up is told so, too.';

/**
 * What SQLite says of a database, in the catalogue's words: `database_busy`, `database_invalid`, `disk_full`, `disk_failed`,
 * else `internal`. What is no error of SQLite comes back as it is.
 * @param path of the database
 */
export function asDatabaseError(error: unknown, operation: string, path: string): unknown {
  if (error instanceof SluiceError || !(error instanceof Error) || !('errcode' in error)) return error;
  const details = { operation, subject: path, cause: error };
  // Extended result codes carry the primary one in their low byte.
  switch (Number(error.errcode) & 0xff) {
    case SQLITE_BUSY:
      return new SluiceError('database_busy', `database ${path} is locked by another process`, details);
    case SQLITE_FULL:
      return new SluiceError('disk_full', `no room left on the disk for database ${path}`, details);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return new SluiceError('database_invalid', `${path}: ${error.message}`, details);
    case SQLITE_IOERR:
      return cannotUse(path, error, { ...details, hint: AFTER_IO_ERROR });
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return cannotUse(path, error, details);
    default:
      return new SluiceError('internal', `${operation} ${path}: ${error.message}`, details);
  }
}

function cannotUse(path: string, { message }: Error, details: ErrorDetails): SluiceError {
  const folder = dirname(path);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    return new SluiceError('disk_failed', `${path} is a folder, and no database`, {
      ...details,
      hint: 'Name a file in it, as with --database.',
    });
  if (existsSync(folder))
    return new SluiceError('disk_failed', `cannot open or write database ${path}: ${message}`, details);
  const words = `there is no folder ${folder} for the database ${path}`;
  const hint = 'Make the folder, or name another file with --database.';
  return new SluiceError('disk_failed', words, { ...details, hint });
}
