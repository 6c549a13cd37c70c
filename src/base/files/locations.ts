import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Something that is mounted: part of a file system, and where it can be seen. */
export interface Mount {
  /** Tells one file system from another. */
  readonly fileSystem: string;
  /** What of the file system is mounted. */
  readonly root: string;
  /** Where it is mounted. */
  readonly at: string;
  /** What sort of file system it is: `ext4`, `nfs4`, `fuse.sshfs`. */
  readonly kind: string;
}

/** A folder as it lies on its file system, by whatever name it was reached. */
interface Location {
  readonly fileSystem: string;
  readonly path: string;
}

/** Where a folder lies, and what else can be reached by going down from it. */
export interface Locations {
  readonly own: readonly Location[];
  readonly below: readonly Location[];
}

/** What is mounted now, as /proc/self/mountinfo tells (proc(5)); empty where the system does not tell. */
export function readMounts(): Mount[] {
  try {
    return mountsOf(readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    return [];
  }
}

/** The mounts of a mountinfo. Pure. */
export function mountsOf(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap(line => {
    const fields = line.split(' ');
    const [, , fileSystem, root, at] = fields;
    if (!fileSystem || !root || !at) return [];
    const kind = fields[fields.indexOf('-', 6) + 1] ?? '';
    return [{ fileSystem, root: unescaped(root), at: unescaped(at), kind }];
  });
}

/**
 * Where a folder lies, links followed and mounts looked through: one that is reached by two names has the same location
 * under both. What of the path is not there yet counts as it is written.
 */
export function locationsOf(path: string, mounts: readonly Mount[] = readMounts()): Locations {
  const real = realPath(path);
  return {
    own: [{ fileSystem: '', path: real }, ...locationIn(real, mounts)],
    below: mounts
      .filter(({ at }) => at !== real && isWithin(at, real))
      .map(({ fileSystem, root }) => ({ fileSystem, path: root })),
  };
}

/** Whether the inner folder is the outer one, or can be reached by going down from it. Pure. */
export function liesIn(inner: Locations, outer: Locations): boolean {
  return inner.own.some(one =>
    [...outer.own, ...outer.below].some(
      other => one.fileSystem === other.fileSystem && isWithin(one.path, other.path),
    ),
  );
}

/** Whether an absolute path is a folder, or lies in it. Pure. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** Of mounts at the same place, the last one is seen. */
function locationIn(real: string, mounts: readonly Mount[]): Location[] {
  let found: Mount | undefined;
  for (const mount of mounts)
    if (isWithin(real, mount.at) && mount.at.length >= (found?.at.length ?? 0)) found = mount;
  if (!found) return [];
  const { fileSystem, root, at } = found;
  return [{ fileSystem, path: join(root, real.slice(at.length)) }];
}

/** Blanks and the like are written as octal numbers. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : join(realPath(dirname(path)), basename(path));
  }
}
