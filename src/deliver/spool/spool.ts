import {
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import type { FileAddress } from '../../keep/local/journal.ts';
import { AREAS, type Area } from './address.ts';
import { DirectorySync } from './directory-sync.ts';
import { regularFile, systemErrorCode } from './files.ts';
import { freeName } from './free-name.ts';

/** What came of a move: the file is gone, or something of that name is there already. */
export type MoveResult = 'moved' | 'gone' | 'blocked';

/** Where a file lies that has ended, in `completed` or `failed`. */
export interface RestingPlace {
  /** Its path below the bucket's folder, null where that is its own. */
  readonly location: string | null;
  /** null for a file of a folder, which lies in the spool from now on. */
  readonly source?: null;
}

/** Prefix of the folder in which a running copy works, below a bucket's folder of `incoming_tmp`. */
export const COPY_FOLDER = '.copy-';

/** Directories left by moves that are remembered for pruning; beyond that some stay until the next start. */
const MAX_PRUNABLE = 10_000;
/** A directory may be pruned between its making and the rename into it, by this process or a person. */
const MOVE_TRIES = 5;

/**
 * The folders of the station, `{root}/{area}/{profile}/{bucket}/path`, and the only place that moves files among
 * them. Moves are rename(2), done in one step on this thread: between looking whether a name is free and taking it
 * nothing else of this process runs, and no other process moves files into `processing`, `completed` or `failed`.
 */
export class Spool {
  readonly root: string;
  readonly #sync = new DirectorySync();
  /** Directories that files have left since the last `prune`, and those that none has left since. */
  #prunable = new Set<string>();
  #resting = new Set<string>();

  constructor(root: string) {
    this.root = root;
  }

  areaPath(area: Area): string {
    return join(this.root, area);
  }

  /** Whether a path lies in one of the areas. */
  holds(path: string): boolean {
    return AREAS.some(area => path.startsWith(`${this.areaPath(area)}/`));
  }

  bucketPath(area: Area, { profile, bucket }: Omit<FileAddress, 'filepath'>): string {
    return join(this.root, area, profile, bucket);
  }

  /** Where a file of that address lies in an area; `location` where it has another name there. */
  pathOf(area: Area, address: FileAddress, location: string | null = null): string {
    return `${this.root}/${area}/${address.profile}/${address.bucket}/${location ?? address.filepath}`;
  }

  /**
   * Makes the areas and the folders of profiles and known buckets, and sees that all are on one file system.
   * @throws SluiceError spool_invalid, disk_full, disk_failed
   */
  prepare(folders: readonly { readonly profile: string; readonly buckets: readonly string[] }[]): void {
    try {
      mkdirSync(this.root, { recursive: true });
      // Others may drop files; what becomes of them is nobody else's. A folder that is there keeps its mode.
      for (const area of AREAS) {
        mkdirSync(this.areaPath(area), { recursive: true, mode: area === 'incoming' ? undefined : 0o700 });
      }
      this.#assertOneFileSystem();
      for (const area of AREAS) {
        for (const { profile, buckets } of folders) {
          mkdirSync(join(this.areaPath(area), profile), { recursive: true });
          for (const bucket of buckets)
            mkdirSync(this.bucketPath(area, { profile, bucket }), { recursive: true });
        }
      }
    } catch (error) {
      throw asSluiceError(error, { operation: 'prepare the spool', subject: this.root });
    }
  }

  /** Checks the areas and everything mounted below them at the depths of profiles and buckets. */
  #assertOneFileSystem(): void {
    const { dev } = statSync(this.areaPath('incoming'));
    const check = (path: string, depth: number): void => {
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats?.isSymbolicLink() && statSync(path, { throwIfNoEntry: false })?.dev !== dev)
        throw onOtherFileSystem(path);
      if (!stats?.isDirectory()) return;
      if (stats.dev !== dev) throw onOtherFileSystem(path);
      if (depth < 2) for (const name of readdirSync(path)) check(join(path, name), depth + 1);
    };
    for (const area of AREAS) check(this.areaPath(area), 0);
  }

  /**
   * Empties `incoming_tmp` but for what running copies work on.
   * @param isGone whether the process that named the folder has ended
   */
  emptyIncomingTmp(isGone: (worker: string) => boolean): void {
    const empty = (directory: string, depth: number): void => {
      for (const entry of readdirSync(directory, { withFileTypes: true })) {
        const path = join(directory, entry.name);
        if (depth < 2 && entry.isDirectory()) empty(path, depth + 1);
        else if (!isRunningCopy(entry.name, isGone)) rmSync(path, { recursive: true, force: true });
      }
    };
    const area = this.areaPath('incoming_tmp');
    if (statSync(area, { throwIfNoEntry: false })) empty(area, 0);
  }

  /** Moves a file that has arrived to the same path under `processing`. Never replaces one there. */
  take(address: FileAddress): MoveResult {
    return this.#move(this.pathOf('incoming', address), this.pathOf('processing', address), true);
  }

  /** Moves a failed file to `processing` for another series of tries. */
  retake(address: FileAddress, location: string | null): MoveResult {
    return this.#move(this.pathOf('failed', address, location), this.pathOf('processing', address), true);
  }

  /**
   * Moves a file out of `processing` for good; resolves when that is on the disk. A name that is taken there is
   * not touched: the file gets `~ID` after its own.
   * @returns undefined when the file is gone
   */
  finish(area: 'completed' | 'failed', address: FileAddress, id: number): Promise<RestingPlace | undefined> {
    return this.#put(this.pathOf('processing', address), area, address, id);
  }

  /**
   * Moves a file from outside the areas to `completed`, as `finish` does.
   * @throws SluiceError spool_invalid when it lies on another file system
   */
  async adopt(path: string, address: FileAddress, id: number): Promise<string | null> {
    return (await this.#put(path, 'completed', address, id))?.location ?? null;
  }

  async #put(
    from: string,
    area: 'completed' | 'failed',
    address: FileAddress,
    id: number,
  ): Promise<RestingPlace | undefined> {
    const bucketFolder = this.bucketPath(area, address);
    const location = freeName(bucketFolder, address.filepath, id);
    const to = join(bucketFolder, location);
    if (this.#move(from, to, false) !== 'moved') return undefined;
    await this.#sync.sync(...directoriesBetween(bucketFolder, dirname(to)));
    return { location: location === address.filepath ? null : location };
  }

  /** Has the entries of these directories on the disk. */
  flush(...directories: readonly string[]): Promise<void> {
    return this.#sync.sync(...directories);
  }

  /** Removes a file; one that is gone is fine. */
  remove(area: Area, address: FileAddress, location: string | null): void {
    const path = this.pathOf(area, address, location);
    try {
      unlinkSync(path);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT' && systemErrorCode(error) !== 'ENOTDIR')
        throw asSluiceError(error, { operation: 'remove', subject: path });
    }
    if (area !== 'incoming') this.#prunable.add(dirname(path));
  }

  /** What lies there, if it is a regular file. */
  fileAt(area: Area, address: FileAddress, location: string | null = null): Stats | undefined {
    return regularFile(this.pathOf(area, address, location));
  }

  /**
   * Removes the directories that moves out of `processing`, `failed` and `completed` left empty; never in `incoming`,
   * where somebody may be about to write into one. A move that comes between makes its directory again. One that files
   * go through all the time stays: it is removed once none has left it since the last time.
   * @param everything removes them at once
   */
  prune(everything = false): void {
    for (const directory of this.#resting) if (!this.#prunable.has(directory)) this.#pruneUp(directory);
    this.#resting = this.#prunable;
    this.#prunable = new Set();
    if (everything) this.prune();
  }

  #pruneUp(directory: string): void {
    // root/area/profile/bucket stays.
    const lowest = this.root.split('/').length + 3;
    for (let path = directory; path.split('/').length > lowest; path = dirname(path)) {
      try {
        rmdirSync(path);
      } catch (error) {
        if (systemErrorCode(error) !== 'ENOENT') return;
      }
    }
  }

  /** Whether a file lies where only this process makes and removes directories. */
  #isPrunable(path: string): boolean {
    return path.startsWith(`${this.root}/processing/`) || path.startsWith(`${this.root}/failed/`);
  }

  #move(from: string, to: string, mustBeFree: boolean): MoveResult {
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (mustBeFree && lstatSync(to, { throwIfNoEntry: false })) return 'blocked';
        renameSync(from, to);
        if (this.#prunable.size < MAX_PRUNABLE && this.#isPrunable(from)) this.#prunable.add(dirname(from));
        return 'moved';
      } catch (error) {
        const code = systemErrorCode(error);
        if (code === 'ENOENT' && attempt < MOVE_TRIES) {
          if (!regularFile(from)) return 'gone';
          if (!makeDirectory(dirname(to))) return 'blocked';
          continue;
        }
        if (['ENOTDIR', 'EISDIR', 'EEXIST', 'ENOTEMPTY'].includes(code))
          return regularFile(from) ? 'blocked' : 'gone';
        if (code === 'EXDEV') throw onOtherFileSystem(to);
        throw asSluiceError(error, { operation: 'move', subject: from });
      }
    }
  }
}

function isRunningCopy(name: string, isGone: (worker: string) => boolean): boolean {
  return name.startsWith(COPY_FOLDER) && !isGone(decodeURIComponent(name.slice(COPY_FOLDER.length)));
}

/** Directories from `inner` up to `outer`, both included. */
function directoriesBetween(outer: string, inner: string): string[] {
  const directories: string[] = [];
  for (let path = inner; path.length >= outer.length; path = dirname(path)) directories.push(path);
  return directories;
}

/** False where a file stands in the way. */
function makeDirectory(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true });
    return true;
  } catch (error) {
    if (['ENOTDIR', 'EEXIST'].includes(systemErrorCode(error))) return false;
    throw asSluiceError(error, { operation: 'make directory', subject: path });
  }
}

function onOtherFileSystem(path: string): SluiceError {
  return new SluiceError(
    'spool_invalid',
    `${path} is on another file system than the incoming area; files could not be moved in one step`,
    {
      subject: path,
      hint: 'Put the whole station folder on one file system, without mounts or links to others below it.',
    },
  );
}
