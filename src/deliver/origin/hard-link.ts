import { readFileSync, type Stats } from 'node:fs';

/** Bits of a folder's mode that let others than its owner make names in it. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Why a file that has several names is not delivered; undefined where its owner, and nobody else, can have put it where
 * it lies. Who may write to a folder can otherwise have a file delivered, and taken away, that is another's: it needs no
 * right to read what it links to. Linux refuses to make such links while `fs.protected_hardlinks` is set
 * (proc_sys_fs(5)). Pure.
 * @param folder in which the file lies
 * @param isProtected whether the system refuses such links
 */
export function hardLinkFault(
  file: Pick<Stats, 'nlink' | 'uid'>,
  folder: Pick<Stats, 'uid' | 'mode'>,
  isProtected: boolean,
): string | undefined {
  if (file.nlink <= 1) return undefined;
  const isOwners = file.uid === folder.uid && (isProtected || (folder.mode & WRITABLE_BY_OTHERS) === 0);
  if (isOwners) return undefined;
  return (
    'has a second name (a hard link), and nothing shows that its owner put it here; ' +
    'put a copy there instead, or set deliver.hardLinks: any'
  );
}

let known: boolean | undefined;

/** Whether this system refuses hard links to files that are another's. */
export function protectsHardLinks(): boolean {
  known ??= readProtection();
  return known;
}

function readProtection(): boolean {
  try {
    return readFileSync('/proc/sys/fs/protected_hardlinks', 'utf8').trim() === '1';
  } catch {
    return false;
  }
}
