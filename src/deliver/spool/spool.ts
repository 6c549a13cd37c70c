import { lstatSync, mkdirSync, readdirSync, rmSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Clock, systemClock } from '../../base/clock.ts';
import { asFileError, SluiceError } from '../../base/errors.ts';
import { Enclosure, type EnclosureOptions } from '../../base/files/enclosure.ts';
import type { OpenedFile } from '../../base/files/opened-file.ts';
import type { FileAddress } from '../../keep/local/journal.ts';
import { AREAS, type Area } from './address.ts';
import { DirectorySync } from './directory-sync.ts';
import { systemErrorCode } from './files.ts';
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
/** How long one pass over directories may take: nothing else is done meanwhile. */
const PRUNE_MS = 50;
/** The same for the last one: a stop has other things to do, too, and a folder that stays empty harms nobody. */
const LAST_PRUNE_MS = 500;
/** A directory may be pruned between its making and the rename into it, by this process or a person. */
const MOVE_TRIES = 5;

/** Where a file of that address lies, below the folder of an area. */
type AreaPath = readonly [area: Area, path: string];

/**
 * The folders of the station, `{root}/{area}/{profile}/{bucket}/path`, and the only place that moves files among
 * them. Moves are rename(2), done in one step on this thread: between looking whether a name is free and taking it
 * nothing else of this process runs, and no other process moves files into `processing`, `completed` or `failed`.
 * Others may write to the areas: each is an enclosure, out of which nothing leads.
 */
export class Spool {
  readonly root: string;
  readonly #areas: Readonly<Record<Area, Enclosure>>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #sync = new DirectorySync();
  /** Directories that files have left since the last `prune`, and those that none has left since. */
  #prunable = new Set<string>();
  #resting = new Set<string>();

  constructor(root: string, options: EnclosureOptions = {}) {
    this.root = root;
    this.#clock = options.clock ?? systemClock;
    const enclose = (area: Area): [Area, Enclosure] => [area, new Enclosure(join(root, area), options)];
    this.#areas = Object.fromEntries(AREAS.map(enclose)) as Record<Area, Enclosure>;
  }

  /** An area as the enclosure that it is. */
  area(area: Area): Enclosure {
    return this.#areas[area];
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
      throw asFileError(error, { operation: 'prepare the spool', subject: this.root });
    }
  }

  /** Checks the areas and everything mounted below them at the depths of profiles and buckets. */
  #assertOneFileSystem(): void {
    const { dev } = statSync(this.areaPath('incoming'));
    const incoming = `${this.areaPath('incoming')}/`;
    const check = (path: string, depth: number): void => {
      // An area itself may be a link; nothing below it is followed.
      const stats = depth === 0 ? statSync(path) : lstatSync(path, { throwIfNoEntry: false });
      // What others put into `incoming` stops no station: the watch reports links there.
      if (
        stats?.isSymbolicLink() &&
        !path.startsWith(incoming) &&
        statSync(path, { throwIfNoEntry: false })?.isDirectory()
      )
        throw isLink(path);
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

  /**
   * Moves a file that has arrived to the same path under `processing`, which never replaces one there.
   * @param file the file that is meant, open: whatever else got its name meanwhile goes back to `incoming`
   */
  take(address: FileAddress, file: OpenedFile): MoveResult {
    const path = pathIn(address);
    const result = this.#move(['incoming', path], ['processing', path], true);
    if (result !== 'moved') return result;
    const moved = this.#areas.processing.stat(path);
    if (moved?.ino === file.stats.ino && moved.dev === file.stats.dev) return 'moved';
    this.#move(['processing', path], ['incoming', path], true);
    return 'gone';
  }

  /** Moves a failed file to `processing` for another series of tries. */
  retake(address: FileAddress, location: string | null): MoveResult {
    return this.#move(['failed', pathIn(address, location)], ['processing', pathIn(address)], true);
  }

  /**
   * Moves a file out of `processing` for good; resolves when that is on the disk. A name that is taken there is
   * not touched: the file gets `~ID` after its own.
   * @returns undefined when the file is gone
   */
  async finish(
    area: 'completed' | 'failed',
    address: FileAddress,
    id: number,
  ): Promise<RestingPlace | undefined> {
    const from = pathIn(address);
    return this.#put(area, address, id, to => this.#move(['processing', from], [area, to], true));
  }

  /**
   * Moves a file from outside the areas to `completed`, as `finish` does.
   * @returns undefined when the file is gone
   * @throws SluiceError spool_invalid when it lies on another file system
   */
  adopt(
    folder: Enclosure,
    relative: string,
    address: FileAddress,
    id: number,
  ): Promise<RestingPlace | undefined> {
    return this.#put('completed', address, id, to => {
      const result = this.#renamed(folder, relative, this.#areas.completed, to, true);
      return result === 'missing' ? 'gone' : result;
    });
  }

  /** Takes what a copy has made in `incoming_tmp` to its place in `incoming`, in one rename; replaces a file there. */
  hand(temporary: string, address: FileAddress): MoveResult {
    return this.#move(['incoming_tmp', temporary], ['incoming', pathIn(address)], false);
  }

  async #put(
    area: 'completed' | 'failed',
    address: FileAddress,
    id: number,
    moveTo: (path: string) => MoveResult,
  ): Promise<RestingPlace | undefined> {
    const { profile, bucket, filepath } = address;
    const folder = `${profile}/${bucket}`;
    for (let attempt = 1; ; attempt += 1) {
      const location = freeName(this.#areas[area], folder, filepath, id);
      const result = moveTo(`${folder}/${location}`);
      if (result === 'gone') return undefined;
      if (result === 'blocked') {
        // Somebody put something under that name just now.
        if (attempt < MOVE_TRIES) continue;
        const subject = this.pathOf(area, address, location);
        throw new SluiceError('disk_failed', `something is in the way at ${subject}`, {
          operation: 'move',
          subject,
        });
      }
      const bucketFolder = this.bucketPath(area, address);
      await this.#sync.sync(...directoriesBetween(bucketFolder, dirname(join(bucketFolder, location))));
      return { location: location === filepath ? null : location };
    }
  }

  /** Has the entries of these directories on the disk. */
  flush(...directories: readonly string[]): Promise<void> {
    return this.#sync.sync(...directories);
  }

  /** Removes a file; one that is gone is fine. */
  remove(area: Area, address: FileAddress, location: string | null): void {
    const path = pathIn(address, location);
    try {
      this.#areas[area].unlink(path);
    } catch (error) {
      if (!IS_GONE.has(systemErrorCode(error)))
        throw asFileError(error, { operation: 'remove', subject: this.pathOf(area, address, location) });
    }
    if (area !== 'incoming') this.#prunable.add(`${area}/${dirname(path)}`);
  }

  /** What lies there, if it is a regular file. */
  fileAt(area: Area, address: FileAddress, location: string | null = null): Stats | undefined {
    return this.#guarded('look at', area, pathIn(address, location), (enclosure, path) =>
      enclosure.regularFile(path),
    );
  }

  /** Opens what lies there, if it is a regular file. */
  open(area: Area, address: FileAddress): OpenedFile | undefined {
    return this.#guarded('open', area, pathIn(address), (enclosure, path) => enclosure.open(path));
  }

  /**
   * Removes the directories that moves out of `processing`, `failed` and `completed` left empty; never in `incoming`,
   * where somebody may be about to write into one. A move that comes between makes its directory again. One that files
   * go through all the time stays: it is removed once none has left it since the last time.
   * Takes no longer than it may: what is left then is removed the next time.
   * @param atLast whether it is the last time: all that are empty are removed
   */
  prune(atLast = false): void {
    const endMs = this.#clock.monotonicMs() + (atLast ? LAST_PRUNE_MS : PRUNE_MS);
    const done = new Set<string>();
    const directories = atLast ? [...this.#resting, ...this.#prunable] : [...this.#resting];
    for (const directory of directories) {
      if (this.#clock.monotonicMs() >= endMs) break;
      this.#resting.delete(directory);
      if (!atLast && this.#prunable.has(directory)) continue;
      this.#pruneUp(directory, done);
    }
    for (const directory of this.#prunable) this.#resting.add(directory);
    this.#prunable = new Set();
  }

  /**
   * @param directory beginning with its area
   * @param done those that were tried in this pass and are gone, with all around them
   */
  #pruneUp(directory: string, done: Set<string>): void {
    const [area = '', ...segments] = directory.split('/');
    // profile/bucket stays.
    for (let depth = segments.length; depth > 2; depth -= 1) {
      const path = segments.slice(0, depth).join('/');
      const name = `${area}/${path}`;
      if (done.has(name)) return;
      try {
        this.#areas[area as Area].rmdir(path);
      } catch (error) {
        if (systemErrorCode(error) !== 'ENOENT') return;
      }
      done.add(name);
    }
  }

  #guarded<Result>(
    operation: string,
    area: Area,
    path: string,
    work: (enclosure: Enclosure, path: string) => Result,
  ): Result {
    try {
      return work(this.#areas[area], path);
    } catch (error) {
      throw asFileError(error, { operation, subject: `${this.areaPath(area)}/${path}` });
    }
  }

  #move([fromArea, from]: AreaPath, [toArea, to]: AreaPath, keep: boolean): MoveResult {
    const source = this.#areas[fromArea];
    for (let attempt = 1; ; attempt += 1) {
      const result = this.#renamed(source, from, this.#areas[toArea], to, keep);
      if (result === 'missing') {
        if (attempt < MOVE_TRIES && source.regularFile(from)) continue;
        return 'gone';
      }
      if (result === 'moved' && this.#prunable.size < MAX_PRUNABLE && PRUNABLE.has(fromArea))
        this.#prunable.add(`${fromArea}/${dirname(from)}`);
      return result;
    }
  }

  /** @returns `missing` where the file or a directory on the way is not there */
  #renamed(
    source: Enclosure,
    from: string,
    target: Enclosure,
    to: string,
    keep: boolean,
  ): MoveResult | 'missing' {
    try {
      source.rename(from, target, to, keep);
      return 'moved';
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === 'ENOENT') return 'missing';
      if (IN_THE_WAY.has(code)) return source.regularFile(from) ? 'blocked' : 'gone';
      if (code === 'EXDEV') throw onOtherFileSystem(join(target.path, to));
      throw asFileError(error, { operation: 'move', subject: join(source.path, from) });
    }
  }
}

/** Areas in which only this process makes and removes directories. */
const PRUNABLE: ReadonlySet<Area> = new Set(['processing', 'failed']);
const IS_GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);
/** What a rename says where something is in its way, or a link on it. */
const IN_THE_WAY: ReadonlySet<string> = new Set(['ENOTDIR', 'EISDIR', 'EEXIST', 'ENOTEMPTY', 'ELOOP']);

/** Where a file of that address lies below an area's folder. Pure. */
export function pathIn({ profile, bucket, filepath }: FileAddress, location: string | null = null): string {
  return `${profile}/${bucket}/${location ?? filepath}`;
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

function isLink(path: string): SluiceError {
  return new SluiceError('spool_invalid', `${path} is a symbolic link; below the areas none is followed`, {
    subject: path,
    hint: 'Put a real folder there; an area itself, or the whole station folder, may be a link.',
  });
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
