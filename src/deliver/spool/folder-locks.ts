import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { SluiceError } from '../../base/errors.ts';
import { type FileCalls, fileCalls } from '../../base/files/calls.ts';
import type { Service } from '../../base/lifecycle.ts';
import type { FolderSettings } from '../settings.ts';
import { AREAS } from './address.ts';

/** A folder to be locked. */
interface LockedFolder {
  readonly path: string;
  /** One in which files are moved; else it only lies around such a one. */
  readonly isExclusive: boolean;
}

/**
 * Keeps every folder in which a station moves or deletes files from other stations: the areas of its spool, and those
 * of `deliver.folders` whose files do not stay. The folders themselves are locked, so it does not matter by which name
 * or from which working directory they are reached; those around them are locked together with others, so that no
 * station takes files in a folder that holds another's. The kernel lets go of it all with the process.
 *
 *   free ──start()──▶ locked ──stop()──▶ free, any number of times
 *
 * `start` throws `station_running`, and nothing is locked then. File systems that know no such locks are passed over.
 */
export class FolderLocks implements Service {
  readonly name = 'exclusive use of the folders of files';
  readonly #root: string;
  readonly #folders: readonly FolderSettings[];
  readonly #calls: FileCalls;
  #descriptors: number[] = [];

  constructor(root: string, folders: readonly FolderSettings[], calls: FileCalls = fileCalls()) {
    this.#root = root;
    this.#folders = folders;
    this.#calls = calls;
  }

  async start(): Promise<void> {
    if (this.#descriptors.length > 0) return;
    const moving = [
      ...AREAS.map(area => join(this.#root, area)),
      ...this.#folders.filter(({ after }) => after !== 'keep').map(({ path }) => path),
    ];
    try {
      for (const folder of foldersToLock(moving)) this.#lock(folder);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    for (const descriptor of this.#descriptors) closeSync(descriptor);
    this.#descriptors = [];
  }

  #lock({ path, isExclusive }: LockedFolder): void {
    const descriptor = opened(path);
    if (descriptor === undefined) return;
    this.#descriptors.push(descriptor);
    if (this.#calls.lock(descriptor, isExclusive) !== 'taken') return;
    const folder = fstatSync(descriptor);
    const holder = holderOf(folder);
    if (holder !== undefined && !mayMoveIn(folder, holder.uid)) return;
    const who = holder === undefined ? '' : ` (process ${holder.pid})`;
    const words = isExclusive
      ? `already moves the files of ${path}`
      : `moves files in ${path}, around this one's`;
    throw new SluiceError('station_running', `another station ${words}${who}`, { subject: path });
  }
}

/** Each folder once, by what it is and not by its name: those in which files move, and all around them. */
function foldersToLock(moving: readonly string[]): LockedFolder[] {
  const byInode = new Map<string, LockedFolder>();
  const add = (path: string, isExclusive: boolean): void => {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats?.isDirectory()) return;
    const inode = `${stats.dev}:${stats.ino}`;
    if (isExclusive || !byInode.has(inode)) byInode.set(inode, { path, isExclusive });
  };
  const real = moving.flatMap(path => realPath(path) ?? []);
  for (const path of real) add(path, true);
  for (const path of real)
    for (let at = dirname(path); ; at = dirname(at)) {
      add(at, false);
      if (at === dirname(at)) break;
    }
  return [...byInode.values()];
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    // It is not there yet: nothing can be moved in it, by anybody.
    return undefined;
  }
}

function opened(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0));
  } catch {
    // A folder around it that may not be read; those in which files move are tried by every move.
    return undefined;
  }
}

/** Who has locked a folder, as /proc/locks tells (proc(5)); undefined where it does not. */
function holderOf(folder: Pick<Stats, 'ino'>): { readonly pid: number; readonly uid: number } | undefined {
  try {
    for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
      const [, kind, , , pid = '', file = ''] = line.trim().split(/\s+/);
      if (kind !== 'FLOCK' || !file.endsWith(`:${folder.ino}`) || !(Number(pid) > 0)) continue;
      return { pid: Number(pid), uid: statSync(`/proc/${pid}`).uid };
    }
  } catch {
    // No /proc, or the process has just ended: the lock alone counts.
  }
  return undefined;
}

/** Whether a user's process could move files there; anybody who can read a folder may lock it. Pure. */
export function mayMoveIn(folder: Pick<Stats, 'uid' | 'mode'>, uid: number): boolean {
  return uid === 0 || uid === folder.uid || uid === process.getuid?.() || (folder.mode & 0o022) !== 0;
}
