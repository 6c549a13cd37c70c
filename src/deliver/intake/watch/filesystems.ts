import { statfsSync } from 'node:fs';

/**
 * File systems on which the kernel of this machine does not see every writer: others write from other
 * machines or from a server behind FUSE. There neither inotify events nor leases say the truth, only the
 * sweep and the settle time do. Numbers as statfs(2) gives them, from <linux/magic.h> and the file systems' sources.
 */
const SHARED_ELSEWHERE: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB2
  0x65735546, // FUSE: sshfs, s3fs, glusterfs, many more
  0x01021997, // 9p, as virtual machines share folders
  0x00c36400, // Ceph
  0x5346414f, // AFS
  0x6b414653, // AFS (kAFS)
  0x73757245, // Coda
  0x0bd00bd0, // Lustre
  0x01161970, // GFS2
  0x7461636f, // OCFS2
  0x786f4256, // VirtualBox shared folder
  0xbacbacbc, // VMware shared folder
  0x47504653, // GPFS
]);

/**
 * Whether a file system of that type is seen only by this machine's kernel, so that events and leases are the truth.
 */
export function isLocalType(type: number): boolean {
  return !SHARED_ELSEWHERE.has(type >>> 0);
}

/** The same for the file system that holds `path`. Throws what statfs throws. */
export function isLocal(path: string): boolean {
  return isLocalType(statfsSync(path).type);
}
