import { readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isWithin, type Mount } from '../../../../base/files/locations.ts';

/**
 * File systems that wait for another machine or process, for ever if need be. LXC's own files of /proc come from such a
 * process, too, but from one of this machine that answers at once.
 */
const REMOTE =
  /^(nfs\d?|cifs|smb\d?|smbfs|fuse|fuseblk|fuse\.(?!lxcfs$).*|9p|virtiofs|ceph|afs|lustre|beegfs|gpfs|glusterfs|orangefs|pvfs2|coda|autofs|vboxsf|prl_fs)$/;
/** As many as Linux follows. */
const MAX_LINKS = 40;

/**
 * Whether a path leads to a file system whose server may fail to answer. It is found out without touching any: names and
 * links are followed only as far as they lie on this machine.
 * @param path absolute
 * @param linkAt the target of a link; undefined for what is none
 */
export function isRemotePath(
  path: string,
  mounts: readonly Mount[],
  linkAt: (path: string) => string | undefined = targetOf,
): boolean {
  let at = '/';
  let names = path.split('/');
  let links = 0;
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const next = join(at, name);
    if (REMOTE.test(kindAt(next, mounts))) return true;
    const target = links < MAX_LINKS ? linkAt(next) : undefined;
    if (target === undefined) {
      at = next;
      continue;
    }
    links += 1;
    names = [...target.split('/'), ...names];
    if (target.startsWith('/')) at = '/';
  }
  return false;
}

/** Of mounts at the same place, the last one is seen. */
function kindAt(path: string, mounts: readonly Mount[]): string {
  let found: Mount | undefined;
  for (const mount of mounts)
    if (isWithin(path, mount.at) && mount.at.length >= (found?.at.length ?? 0)) found = mount;
  return found?.kind ?? '';
}

function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
