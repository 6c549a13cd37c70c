import { lstatSync, type Stats } from 'node:fs';
import { asFileError } from '../../base/errors.ts';
import type { FileIdentity } from '../../keep/local/journal.ts';

/** The file's stats, undefined where there is no regular file. */
export function regularFile(path: string): Stats | undefined {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats?.isFile() ? stats : undefined;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOTDIR') return undefined;
    throw asFileError(error, { operation: 'look at', subject: path });
  }
}

/** What distinguishes this content of the file from any other. */
export function identityOf(stats: Stats): FileIdentity {
  return { size: stats.size, mtimeMs: stats.mtimeMs, inode: stats.ino };
}

/** Whether both are the same content of the same file, as far as can be said without reading it. */
export function sameIdentity(a: FileIdentity, b: FileIdentity): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.inode === b.inode;
}

/** What was read, and when its inode had last changed by then, as far as that is known. */
export interface ReadContent {
  readonly identity: FileIdentity;
  readonly ctimeMs?: number;
}

/** Whether what was read lies there untouched. A change that left size and time as they were shows in the inode's own time. */
export function isUntouched(stats: Stats, { identity, ctimeMs = stats.ctimeMs }: ReadContent): boolean {
  return sameIdentity(identityOf(stats), identity) && stats.ctimeMs === ctimeMs;
}

/** ISO 8601; file systems that keep no birth time answer 0 or the change time. */
export function creationDateOf(stats: Stats): string {
  return new Date(Math.floor(stats.birthtimeMs > 0 ? stats.birthtimeMs : stats.mtimeMs)).toISOString();
}

/** `ENOENT` and the like, also an error code of sluice; empty for an error that has none. */
export function systemErrorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
