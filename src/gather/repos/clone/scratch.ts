import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Directories in which clones are made, beside the finished ones so that a rename completes them (P8):
 *
 *   tmp-<pid>-<start>-<random>
 *
 * `<start>` tells the process from a later one of the same number: the boot and the clock tick that it
 * started at (Linux), or 0 where that cannot be read. What a dead process left is removed at the next start.
 */
const SCRATCH_NAME = /^tmp-(\d+)-([0-9a-f]+)-[0-9a-f]{8}$/;

/** Makes an empty directory of this process's own in the cache directory, which is made too. */
export async function createScratch(cacheDirectory: string): Promise<string> {
  const path = scratchPath(cacheDirectory);
  await mkdir(path, { recursive: true, mode: 0o700 });
  return path;
}

/** A fresh name for something that is on its way out, or in. */
export function scratchPath(cacheDirectory: string): string {
  const start = startOf('self') ?? '0';
  return join(cacheDirectory, `tmp-${process.pid}-${start}-${randomBytes(4).toString('hex')}`);
}

/** Removes a directory and all below it; nothing happens when it is not there. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 50 });
}

/**
 * Removes what processes that no longer run left half-done in the cache directory. May be called any time;
 * leaves alone what live processes (this one included) are working in.
 * @returns the names removed
 */
export async function cleanCache(cacheDirectory: string): Promise<readonly string[]> {
  const names = await readdir(cacheDirectory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const dead = names.filter(name => {
    const match = SCRATCH_NAME.exec(name);
    return match !== null && !isAlive(match[1] ?? '', match[2] ?? '');
  });
  for (const name of dead) await removeTree(join(cacheDirectory, name));
  return dead;
}

function isAlive(pid: string, start: string): boolean {
  const running = startOf(pid);
  if (running !== undefined) return running === start;
  try {
    process.kill(Number(pid), 0);
    return start === '0';
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return start === '0' && (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Field 22 of /proc/<pid>/stat with the boot's id (proc(5)); undefined where there is no such process or no /proc. */
function startOf(pid: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
    return `${boot}${Number(ticks).toString(16)}`;
  } catch {
    return undefined;
  }
}

const LOCK = /\.lock$/;
const TEMPORARY = /^(tmp_|\.tmp-)|_tmp$|\.lock$/;

/**
 * Removes the lock and temporary files that a killed git left in a clone. Only for the holder of the clone's
 * claim: it must be certain that no git works there.
 */
export async function removeLeftovers(gitDir: string): Promise<void> {
  await removeMatching(gitDir, LOCK, false);
  await removeMatching(join(gitDir, 'refs'), LOCK, true);
  await removeMatching(join(gitDir, 'objects'), TEMPORARY, false);
  await removeMatching(join(gitDir, 'objects', 'pack'), TEMPORARY, false);
  await removeMatching(join(gitDir, 'objects', 'info'), TEMPORARY, true);
}

async function removeMatching(directory: string, pattern: RegExp, recursive: boolean): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true, recursive }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  for (const entry of entries)
    if (pattern.test(entry.name)) await removeTree(join(entry.parentPath, entry.name));
}

/** Reads a small text file; undefined when it is not there. */
export async function readIfThere(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}
