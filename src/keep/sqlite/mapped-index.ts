import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * File systems on which a page of a mapped file that has its place on the disk can be written whatever happens there.
 * On others it can fail: those that write a page elsewhere each time (btrfs, bcachefs, NILFS2, F2FS) need room for it
 * again, and those of a server (NFS, SMB, FUSE, 9p) its answer. The process ends by SIGBUS then, which nothing in it can
 * catch; so one that is not known is taken for one of those. Numbers as statfs(2) gives them, from <linux/magic.h> and the
 * file systems' sources.
 */
const MAPS_RELIABLY: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x3153464a, // JFS
  0x2fc12fc1, // ZFS: a store into a mapped page always succeeds, and room is asked for later
  0x01021994, // tmpfs
  0x858458f6, // ramfs
  0x794c7630, // overlayfs, of which nothing says what lies below: mostly ext4 or XFS
]);

/** Whether a file that is mapped into memory can be written on a file system of that type whatever happens to the disk. */
export function mapsReliably(type: number): boolean {
  return MAPS_RELIABLY.has(type >>> 0);
}

/**
 * Whether the index of a write-ahead log (`-shm`), which SQLite maps into memory, can be trusted where the database lies.
 * What cannot be asked is for SQLite to say; systems other than Linux have numbers of their own, and are trusted.
 */
export function canMapIndexAt(path: string): boolean {
  if (process.platform !== 'linux') return true;
  try {
    return mapsReliably(statfsSync(dirname(path)).type);
  } catch {
    return true;
  }
}
