import { type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { asFileError, SluiceError } from '../../base/errors.ts';
import { Enclosure, type EnclosureOptions } from '../../base/files/enclosure.ts';
import type { OpenedFile } from '../../base/files/opened-file.ts';
import type { FileAddress } from '../../keep/local/journal.ts';
import { AREAS, type Area } from './address.ts';
import { DirectorySync } from './directory-sync.ts';
import { EmptiedDirectories } from './emptied-directories.ts';
import { systemErrorCode } from './files.ts';
import { freeName } from './free-name.ts';
import { acrossMounts, type BucketFolders, followArea, makeArea, prepareAreas } from './prepare-areas.ts';

/** What came of a move: the file is gone, or something of that name is there already. */
export type MoveResult = 'moved' | 'gone' | 'blocked';

/** Where a file lies that has ended, in `completed` or `failed`. */
export interface RestingPlace {
  /** Its path below the bucket's folder, null where that is its own. */
  readonly location: string | null;
  /** null for a file of a folder, which lies in the spool from now on. */
  readonly source?: null;
}

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
  readonly #sync = new DirectorySync();
  readonly #emptied: EmptiedDirectories;

  constructor(root: string, options: EnclosureOptions = {}) {
    this.root = root;
    const enclose = (area: Area): [Area, Enclosure] => [
      area,
      new Enclosure(join(root, area), { follow: followArea, ...options }),
    ];
    this.#areas = Object.fromEntries(AREAS.map(enclose)) as Record<Area, Enclosure>;
    this.#emptied = new EmptiedDirectories(this.#areas, options.clock ?? systemClock);
  }

  /** An area as the enclosure that it is. */
  area(area: Area): Enclosure {
    return this.#areas[area];
  }

  areaPath(area: Area): string {
    return this.#areas[area].path;
  }

  /** Whether a path lies in one of the areas. */
  holds(path: string): boolean {
    return AREAS.some(area => path.startsWith(`${this.areaPath(area)}/`));
  }

  bucketPath(area: Area, { profile, bucket }: Omit<FileAddress, 'filepath'>): string {
    return `${this.areaPath(area)}/${profile}/${bucket}`;
  }

  /** Whether `incoming` is not there as a whole, as when its disk is not mounted: that says nothing of any file in it. */
  isAway(): boolean {
    try {
      return !statSync(this.areaPath('incoming'), { throwIfNoEntry: false })?.isDirectory();
    } catch {
      return true;
    }
  }

  /** Where a file of that address lies in an area; `location` where it has another name there. */
  pathOf(area: Area, address: FileAddress, location: string | null = null): string {
    return `${this.root}/${area}/${address.profile}/${address.bucket}/${location ?? address.filepath}`;
  }

  /**
   * Makes the areas and the folders of profiles and known buckets, and sees that all are on one file system.
   * @throws SluiceError spool_invalid, disk_full, disk_failed
   */
  prepare(folders: readonly BucketFolders[]): void {
    prepareAreas(this.root, folders);
  }

  /**
   * Moves a file that has arrived to the same path under `processing`, which never replaces one there.
   * @param file the file that is meant, open
   * @returns `other` where something else got its name meanwhile, and was moved
   */
  take(address: FileAddress, file: OpenedFile): MoveResult | 'other' {
    const path = pathIn(address);
    const result = this.#move(['incoming', path], ['processing', path], true);
    if (result !== 'moved') return result;
    const moved = this.#areas.processing.stat(path);
    return moved?.ino === file.stats.ino && moved.dev === file.stats.dev ? 'moved' : 'other';
  }

  /** Moves what `take` has moved back to `incoming`; never replaces a file there. */
  giveBack(address: FileAddress): MoveResult {
    const path = pathIn(address);
    return this.#move(['processing', path], ['incoming', path], true);
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
    for (let attempt = 0; ; attempt += 1) {
      // Its own name is free nearly always, and the move itself tells where it is not.
      const location = attempt === 0 ? filepath : freeName(this.#areas[area], folder, filepath, id);
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
      await this.#sync.sync(directoriesAbove(this.bucketPath(area, address), location));
      return { location: location === filepath ? null : location };
    }
  }

  /** Has the entries of these directories on the disk. */
  flush(...directories: readonly string[]): Promise<void> {
    return this.#sync.sync(directories);
  }

  /** Has a file's place on the disk: the entries of all directories from its bucket's down, which may be new. */
  flushWay(area: Area, address: FileAddress): Promise<void> {
    return this.#sync.sync(directoriesAbove(this.bucketPath(area, address), address.filepath));
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
    this.#emptied.noteRemoval(area, dirname(path));
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

  /** As `EmptiedDirectories` has it. */
  prune(atLast = false): void {
    this.#emptied.prune(atLast);
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
        if (!source.regularFile(from)) return 'gone';
        if (attempt >= MOVE_TRIES) throw cannotTake(join(source.path, from), this.areaPath(toArea));
        this.#makeArea(toArea);
        continue;
      }
      if (result === 'moved') this.#emptied.noteMove(fromArea, dirname(from));
      return result;
    }
  }

  /** Somebody may have removed the whole area, as to get rid of what was in it; `incoming` is for its owner to make. */
  #makeArea(area: Area): void {
    if (area === 'incoming') return;
    try {
      makeArea(this.root, area);
    } catch (error) {
      throw asFileError(error, { operation: 'make', subject: this.areaPath(area) });
    }
    // What is held open may be the one that was removed.
    this.#areas[area].close();
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
      if (code === 'EXDEV') throw acrossMounts(join(source.path, from), join(target.path, to));
      throw asFileError(error, { operation: 'move', subject: join(source.path, from) });
    }
  }
}

function cannotTake(subject: string, area: string): SluiceError {
  return new SluiceError('disk_failed', `${subject} cannot be moved: ${area} is not there`, {
    subject,
    answer: 'hold',
    hint: `Make ${area} again.`,
  });
}

const IS_GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);
/** What a rename says where something is in its way, or a link on it. */
const IN_THE_WAY: ReadonlySet<string> = new Set(['ENOTDIR', 'EISDIR', 'EEXIST', 'ENOTEMPTY', 'ELOOP']);

/** Where a file of that address lies below an area's folder. Pure. */
export function pathIn({ profile, bucket, filepath }: FileAddress, location: string | null = null): string {
  return `${profile}/${bucket}/${location ?? filepath}`;
}

/** The directories on the way from `outer` to what lies at a path below it, `outer` included. Pure. */
function directoriesAbove(outer: string, relative: string): string[] {
  const directories = [outer];
  for (let slash = relative.indexOf('/'); slash >= 0; slash = relative.indexOf('/', slash + 1))
    directories.push(`${outer}/${relative.slice(0, slash)}`);
  return directories;
}
