import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/** What SQLite makes a page by default (sqlite.org/pragma.html#pragma_page_size). */
const PAGE_BYTES = 4096;
/** The log may take this part of the disk that it lies on: on a small one it is to leave room for what is recorded. */
const DISK_SHARE = 1 / 16;
/** Fewer would be brought into the database file with nearly every commit. */
const FEWEST_PAGES = 64;

/** From how many pages on the write-ahead log is brought into the database file, and what it keeps on the disk then. */
export interface LogBound {
  readonly pages: number;
  readonly bytes: number;
}

/**
 * How large the log of a database becomes before COMMIT brings it into the file. A transaction that is larger goes beyond;
 * the log shrinks again when it begins anew. Pure.
 * @param mostPages on a disk that is large enough
 * @param diskBytes the whole disk; undefined where that is not known
 */
export function logBoundFor(mostPages: number, diskBytes: number | undefined): LogBound {
  const share = diskBytes === undefined ? mostPages : Math.floor((diskBytes * DISK_SHARE) / PAGE_BYTES);
  const pages = Math.max(FEWEST_PAGES, Math.min(mostPages, share));
  return { pages, bytes: pages * PAGE_BYTES };
}

/** The size of the disk on which a file lies or is to lie; undefined where that cannot be told. */
export function diskBytesAt(path: string): number | undefined {
  try {
    const { blocks, bsize } = statfsSync(dirname(path));
    // Some file systems know no size.
    return blocks > 0 ? blocks * bsize : undefined;
  } catch {
    return undefined;
  }
}
