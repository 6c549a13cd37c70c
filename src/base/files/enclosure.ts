import { closeSync, constants, fstatSync, openSync, type Stats, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { type Clock, systemClock } from '../clock.ts';
import { callError, type DirectoryEntryAt, type FileCalls, fileCalls, O_PATH } from './calls.ts';
import { OpenedFile } from './opened-file.ts';
import type { TrustedPath } from './trusted-path.ts';

/** So long a descriptor of the root is kept after its last use, and believed to be the root without another look. */
const ROOT_KEPT_MS = 1_000;
/** What a path says that leads through a link, a file, or nowhere. */
const NOT_THERE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV']);
/** A directory may be removed between its making and what is done in it. */
const MAKE_TRIES = 5;
const OPEN_TRIES = 5;

/** What an enclosure works with, where a test has others. */
export interface EnclosureOptions {
  readonly calls?: FileCalls;
  readonly clock?: Pick<Clock, 'monotonicMs' | 'timer'>;
  /** Follows the root's own path, and throws where others could lead it elsewhere; absent, its links are followed. */
  readonly follow?: (path: string) => TrustedPath;
}

/**
 * A folder that others may write to, and all that lies beneath it. Whatever they rename or link while something is
 * done, nothing outside is reached: each path is resolved from the root's own descriptor without following a link, and
 * what is done is done at descriptors. The root's own path is the user's word: it is followed through links, as `follow`
 * allows where there is one, each time that the root is taken; what it allows is looked at again while the root is held.
 *
 *   at rest ──first use──▶ root held ──a second without use, close()──▶ at rest
 *
 * Paths are relative, `/` between segments. Methods throw as Node's own calls do, with `code`.
 */
export class Enclosure {
  readonly path: string;
  /** What the paths of all that lies beneath it begin with. */
  readonly #prefix: string;
  readonly #calls: FileCalls | undefined;
  readonly #clock: Pick<Clock, 'monotonicMs' | 'timer'>;
  readonly #follow: EnclosureOptions['follow'];
  #root: number | undefined;
  #checkedMs = 0;
  #usedMs = 0;
  #cancelRelease: (() => void) | undefined;

  constructor(path: string, { calls, clock = systemClock, follow }: EnclosureOptions = {}) {
    this.path = path;
    this.#prefix = path.endsWith('/') ? path : `${path}/`;
    this.#follow = follow;
    this.#calls = calls;
    this.#clock = clock;
  }

  /** What lies there, a link as itself; undefined where nothing does, or where a link would have to be followed. */
  stat(relative: string): Stats | undefined {
    return this.#orNothing(() => this.#withOpened(relative, O_PATH, descriptor => fstatSync(descriptor)));
  }

  /** The regular file that lies there; undefined for anything else. */
  regularFile(relative: string): Stats | undefined {
    const stats = this.stat(relative);
    return stats?.isFile() ? stats : undefined;
  }

  /** The folder in which it lies. */
  folderOf(relative: string): Stats | undefined {
    return this.#orNothing(() => this.#withFolderOf(relative, ({ directory }) => fstatSync(directory)));
  }

  /**
   * Opens the regular file that lies there for reading; undefined where `regularFile` says so. Never waits for the other
   * end of a pipe, and wakes no device.
   */
  open(relative: string): OpenedFile | undefined {
    // Looked at before: opening alone may already rewind a tape or start a program behind a device.
    if (!this.regularFile(relative)) return undefined;
    return this.#orNothing(() => {
      const descriptor = this.#beneath(relative, constants.O_RDONLY);
      const stats = fstatSync(descriptor);
      if (stats.isFile()) return new OpenedFile(`${this.#prefix}${relative}`, descriptor, stats);
      closeSync(descriptor);
      return undefined;
    });
  }

  /**
   * Renames what lies there; the folders on the way to the new place are made. A file there is replaced, unless `keep`:
   * then EEXIST.
   */
  rename(relative: string, to: Enclosure, toRelative: string, keep: boolean): void {
    this.#withFolderOf(relative, from =>
      to.#inFolderOf(toRelative, target => this.#found.renameAt(from, target, keep)),
    );
  }

  /** Removes a file. */
  unlink(relative: string): void {
    this.#withFolderOf(relative, entry => this.#found.unlinkAt(entry));
  }

  /** Removes an empty folder. */
  rmdir(relative: string): void {
    this.#withFolderOf(relative, entry => this.#found.rmdirAt(entry));
  }

  /**
   * Makes a folder and those on the way to it; one that is there is fine.
   * @returns whether it was not there
   */
  makeFolder(relative: string): boolean {
    const segments = relative.split('/').filter(segment => segment !== '' && segment !== '.');
    return segments.length > 0 && this.#makeFolder(segments);
  }

  /** From its end, since those on the way are there nearly always. */
  #makeFolder(segments: readonly string[]): boolean {
    const path = segments.join('/');
    const make = (): void => this.#withFolderOf(path, entry => this.#found.mkdirAt(entry));
    try {
      try {
        make();
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' || segments.length === 1) throw error;
        this.#makeFolder(segments.slice(0, -1));
        make();
      }
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      return false;
    }
    return true;
  }

  /** Lets go of the root; the next use takes it again. */
  close(): void {
    this.#cancelRelease?.();
    this.#cancelRelease = undefined;
    if (this.#root !== undefined) closeSync(this.#root);
    this.#root = undefined;
  }

  get #found(): FileCalls {
    return this.#calls ?? fileCalls();
  }

  #inFolderOf<Result>(relative: string, work: (entry: DirectoryEntryAt) => Result): Result {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return this.#withFolderOf(relative, work);
      } catch (error) {
        const folder = folderPath(relative);
        if (codeOf(error) !== 'ENOENT' || folder === '' || attempt >= MAKE_TRIES) throw error;
        // Either end may be what is not there: making the folder of this one tells, and is wanted anyway.
        if (!this.makeFolder(folder)) throw error;
      }
    }
  }

  #withFolderOf<Result>(relative: string, work: (entry: DirectoryEntryAt) => Result): Result {
    const folder = folderPath(relative);
    const name = folder === '' ? relative : relative.slice(folder.length + 1);
    if (name === '' || name === '.' || name === '..') throw new TypeError(`"${relative}" names nothing`);
    if (folder === '') return work({ directory: this.#held(), name });
    return this.#withOpened(folder, O_PATH | constants.O_DIRECTORY, directory => work({ directory, name }));
  }

  #withOpened<Result>(relative: string, flags: number, work: (descriptor: number) => Result): Result {
    const descriptor = this.#beneath(relative, flags);
    try {
      return work(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  #beneath(relative: string, flags: number): number {
    const root = this.#held();
    try {
      return this.#found.openBeneath(root, relative, flags);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' && NOT_THERE.has(codeOf(error))) throw error;
      // The root may be another folder by now, or of a mount that is gone.
      if (this.#isStillRoot()) throw error;
      return this.#found.openBeneath(this.#held(), relative, flags);
    }
  }

  /** The root's descriptor; throws ENOENT and the like where there is no such folder. */
  #held(): number {
    const nowMs = this.#clock.monotonicMs();
    this.#usedMs = nowMs;
    if (this.#root !== undefined && (nowMs - this.#checkedMs < ROOT_KEPT_MS || this.#isStillRoot()))
      return this.#root;
    this.#root = this.#openRoot();
    this.#checkedMs = nowMs;
    this.#releaseLater();
    return this.#root;
  }

  #openRoot(): number {
    if (!this.#follow) return openSync(this.path, O_PATH | constants.O_DIRECTORY);
    const top = openSync('/', O_PATH | constants.O_DIRECTORY);
    try {
      for (let attempt = 1; ; attempt += 1) {
        const { path, dev, ino } = this.#follow(this.path);
        const descriptor = this.#found.openBeneath(top, path.slice(1) || '.', O_PATH | constants.O_DIRECTORY);
        const opened = fstatSync(descriptor);
        if (opened.dev === dev && opened.ino === ino) return descriptor;
        closeSync(descriptor);
        // Whoever may put another folder there has done so between.
        if (attempt >= OPEN_TRIES) throw callError(osConstants.errno.EAGAIN, 'open', this.path);
      }
    } finally {
      closeSync(top);
    }
  }

  /** What lies at the root's path now; undefined where nothing does, or nothing that may be taken. */
  #atPath(): Pick<Stats, 'dev' | 'ino'> | undefined {
    if (!this.#follow) return statSync(this.path, { throwIfNoEntry: false });
    try {
      return this.#follow(this.path);
    } catch {
      // Taking it anew says why.
      return undefined;
    }
  }

  /** Whether the root that is held lies at its path still; it is let go otherwise, when all that is under way is done. */
  #isStillRoot(): boolean {
    const descriptor = this.#root;
    if (descriptor === undefined) return false;
    const held = statsOfRoot(descriptor);
    const now = held && this.#atPath();
    this.#checkedMs = this.#clock.monotonicMs();
    if (held && held.ino === now?.ino && held.dev === now.dev) return true;
    this.#cancelRelease?.();
    this.#cancelRelease = undefined;
    this.#root = undefined;
    setImmediate(() => closeSync(descriptor));
    return false;
  }

  /** A root that is held keeps its file system from being unmounted; it does not keep the process from ending. */
  #releaseLater(): void {
    const release = (): void => {
      this.#cancelRelease = undefined;
      if (this.#clock.monotonicMs() - this.#usedMs < ROOT_KEPT_MS) this.#releaseLater();
      else this.close();
    };
    this.#cancelRelease = this.#clock.timer(ROOT_KEPT_MS, release, true);
  }

  #orNothing<Result>(work: () => Result): Result | undefined {
    try {
      return work();
    } catch (error) {
      if (NOT_THERE.has(codeOf(error))) return undefined;
      throw error;
    }
  }
}

/** Undefined where its file system is gone: whatever lies at its path by now is another folder. */
function statsOfRoot(descriptor: number): Stats | undefined {
  try {
    return fstatSync(descriptor);
  } catch {
    return undefined;
  }
}

function folderPath(relative: string): string {
  const slash = relative.lastIndexOf('/');
  return slash < 0 ? '' : relative.slice(0, slash);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
