import { createHash, randomBytes } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { chmod, lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../../base/files/make-folder.ts';
import { endOrphans, isAlive, ownMark } from '../git/owner.ts';

const MAX_READABLE_CHARS = 100;

/**
 * Name of a clone's directory in the cache: readable and, through the hash of the whole URL, collision-free
 * (`github.com-git-git-3f1c22ab.git`). Pure; the same URL always has the same name.
 * @param url normalised, as in `RepositoryUrl.url`
 */
export function cloneDirectoryName(url: string): string {
  const readable = url
    .replace(/^[a-z]+:\/\/([^/@]*@)?/, '')
    .replace(/[^A-Za-z0-9._]+/g, '-')
    .replace(/^[-.]+/, '')
    .slice(0, MAX_READABLE_CHARS)
    .replace(/[-.]+$/, '');
  const hash = createHash('sha256').update(url).digest('hex').slice(0, 8);
  return `${readable || 'repository'}-${hash}.git`;
}

/**
 * Directories in which clones are made, beside the finished ones so that a rename completes them:
 *
 *   tmp-<process mark>-<random>
 *
 * What a dead process left is removed at the next start.
 */
const SCRATCH_NAME = /^tmp-(\d+-[0-9a-f]+)-[0-9a-f]{8}$/;

/** Whether a name is one of those; a clone of `/tmp/x` begins with `tmp-`, too. */
export function isScratchName(name: string): boolean {
  return SCRATCH_NAME.test(name);
}

/**
 * Makes an empty directory of this process's own in the cache directory, which is made too.
 * @param directoryName the clone that is to be made in it, whose claim is held; a fresh name where absent
 */
export async function createScratch(cacheDirectory: string, directoryName?: string): Promise<string> {
  const path =
    directoryName === undefined ? scratchPath(cacheDirectory) : scratchPathOf(cacheDirectory, directoryName);
  // One of the same name is left of a try before.
  await removeTree(path);
  await makeFolder(path, 0o700);
  return path;
}

/** Where this process makes a clone: the same at each try, so that what it takes can be told from others'. */
export function scratchPathOf(cacheDirectory: string, directoryName: string): string {
  const hash = createHash('sha256').update(directoryName).digest('hex').slice(0, 8);
  return join(cacheDirectory, `tmp-${ownMark()}-${hash}`);
}

/** A fresh name for something that is on its way out, or in. */
export function scratchPath(cacheDirectory: string): string {
  return join(cacheDirectory, `tmp-${ownMark()}-${randomBytes(4).toString('hex')}`);
}

/**
 * Removes a directory and all below it, what its owner made unreadable too; nothing happens when it is not there.
 * Throws what rm(2) does for what belongs to others.
 */
export async function removeTree(path: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 3, retryDelay: 50 };
  try {
    await rm(path, options);
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await openUp(path);
    await rm(path, options);
  }
}

/** Gives the owner back what folders need to be emptied. */
async function openUp(directory: string): Promise<void> {
  await chmod(directory, 0o700);
  for (const entry of await readdir(directory, { withFileTypes: true }))
    if (entry.isDirectory()) await openUp(join(directory, entry.name));
}

/**
 * Ends the git processes that killed stations left running, and removes what processes that no longer run
 * left half-done in the cache directory. Call it before the first clone is opened; may be repeated any time.
 * Leaves alone what live processes (this one included) are working in.
 * @returns the names removed
 */
export async function cleanCache(cacheDirectory: string): Promise<readonly string[]> {
  endOrphans();
  const names = await readdir(cacheDirectory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const dead = names.filter(name => {
    const match = SCRATCH_NAME.exec(name);
    return match !== null && !isAlive(match[1] ?? '');
  });
  // What belongs to somebody else stays, and stands in nobody's way.
  for (const name of dead) await removeTree(join(cacheDirectory, name)).catch(() => undefined);
  return dead;
}

const LOCK = /\.lock$/;
const TEMPORARY = /^(tmp_|\.tmp-)|_tmp$|\.lock$/;

/**
 * Removes the lock and temporary files that a killed git left in a clone, and refs without content. Only for the holder of the clone's
 * claim: it must be certain that no git works there.
 */
export async function removeLeftovers(gitDir: string): Promise<void> {
  await removeMatching(gitDir, LOCK, false);
  await removeMatching(join(gitDir, 'refs'), LOCK, true);
  await removeEmptyRefs(join(gitDir, 'refs'));
  await removeMatching(join(gitDir, 'objects'), TEMPORARY, false);
  await removeMatching(join(gitDir, 'objects', 'pack'), TEMPORARY, false);
  await removeMatching(join(gitDir, 'objects', 'info'), TEMPORARY, true);
}

/** What a power cut leaves of a ref names no object, and git would ask the remote for that. */
async function removeEmptyRefs(refs: string): Promise<void> {
  for (const entry of await entriesBelow(refs, true)) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && (await lstat(path)).size === 0) await removeTree(path);
  }
}

async function removeMatching(directory: string, pattern: RegExp, recursive: boolean): Promise<void> {
  for (const entry of await entriesBelow(directory, recursive))
    if (pattern.test(entry.name)) await removeTree(join(entry.parentPath, entry.name));
}

async function entriesBelow(directory: string, recursive: boolean): Promise<readonly Dirent[]> {
  return await readdir(directory, { withFileTypes: true, recursive }).catch(
    (error: NodeJS.ErrnoException) => {
      // What is no folder is no clone, as opening it will show.
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
      throw error;
    },
  );
}

/** Reads a small text file; undefined when it is not there. */
export async function readIfThere(
  path: string,
  encoding: 'utf8' | 'latin1' = 'utf8',
): Promise<string | undefined> {
  return await readFile(path, encoding).catch((error: NodeJS.ErrnoException) => {
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP'].includes(error.code ?? '')) return undefined;
    throw error;
  });
}
