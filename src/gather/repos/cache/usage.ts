import type { Dirent } from 'node:fs';
import { lstat, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { asSluiceError } from '../../../base/errors.ts';
import { isScratchName, readIfThere } from '../clone/directories.ts';

const STAT_BLOCK_BYTES = 512;

/**
 * Bytes that a folder and all in it take on disk; 0 where it is not there, and of a link the link's own. What vanishes
 * meanwhile, and what may not be read, counts nothing.
 */
export async function diskUsage(path: string): Promise<number> {
  const isLink = (await lstat(path).catch(() => undefined))?.isSymbolicLink() === true;
  return isLink ? blocksOf(path) : usageOfFolder(path);
}

async function usageOfFolder(path: string): Promise<number> {
  const sizes = await Promise.all(
    (await entriesOf(path)).map(entry => {
      const child = join(path, entry.name);
      return entry.isDirectory() ? usageOfFolder(child) : blocksOf(child);
    }),
  );
  return sizes.reduce((sum, size) => sum + size, await blocksOf(path));
}

async function blocksOf(path: string): Promise<number> {
  try {
    return (await lstat(path)).blocks * STAT_BLOCK_BYTES;
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
}

async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (isGone(error) || (error as NodeJS.ErrnoException).code === 'EACCES') return [];
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** What clones that are being made, or removed, take: the `tmp-*` folders of the cache. */
export async function scratchUsage(cacheDirectory: string): Promise<number> {
  const names = (await entriesOf(cacheDirectory)).map(({ name }) => name).filter(isScratchName);
  const sizes = await Promise.all(names.map(name => diskUsage(join(cacheDirectory, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** What users may still write to the file system of a folder. Throws disk_failed. */
export async function freeBytesOf(directory: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch (error) {
    throw asSluiceError(error, { operation: 'read free disk space', subject: directory });
  }
}

/** What a clone's own configuration says; undefined where it was not made by us, or not to its end. */
export async function readNotes(
  gitDir: string,
): Promise<{ readonly url: string; readonly lean: boolean } | undefined> {
  const text = (await readIfThere(join(gitDir, 'config'))) ?? '';
  const quoted = /^\s*url = "((?:[^"\\]|\\.)*)"$/m.exec(text)?.[1];
  if (quoted === undefined) return undefined;
  return { url: quoted.replace(/\\(.)/g, '$1'), lean: /^\s*promisor = true$/m.test(text) };
}
