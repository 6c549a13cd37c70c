import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * File systems on which a page of a mapped file can fail when it is written, though it has its place on the disk: those
 * that write a page elsewhere each time need room for it again, and those of a server need its answer. The process ends
 * by SIGBUS then, which nothing in it can catch. Numbers as statfs(2) gives them, from <linux/magic.h> and the file
 * systems' sources.
 */
const MAPPED_PAGES_FAIL: ReadonlySet<number> = new Set([
  0x9123683e, // btrfs: a full disk, and a quota even where the file is not copied on write
  0xca451a4e, // bcachefs
  0x3434, // NILFS2
  0x24051905, // UBIFS
  0x72b6, // JFFS2: maps no file for writing
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB2
  0x65735546, // FUSE
  0x01021997, // 9p, as virtual machines share folders
  0x00c36400, // Ceph
  0x786f4256, // VirtualBox shared folder
  0xbacbacbc, // VMware shared folder
]);

/** Whether a file that is mapped into memory can be written on a file system of that type whatever happens to the disk. */
export function mapsReliably(type: number): boolean {
  return !MAPPED_PAGES_FAIL.has(type >>> 0);
}

/**
 * Whether the index of a write-ahead log (`-shm`), which SQLite maps into memory, can be trusted where the database lies.
 * What cannot be asked is for SQLite to say.
 */
export function canMapIndexAt(path: string): boolean {
  try {
    return mapsReliably(statfsSync(dirname(path)).type);
  } catch {
    return true;
  }
}
