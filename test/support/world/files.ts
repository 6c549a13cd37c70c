import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Random } from '../../../src/base/random.ts';

const MIB = 2 ** 20;
const POOL = randomBytes(2 * MIB);

/** A place that files are given to: what lies at `folder/path` is to become the object `prefix + path`. */
export interface Drop {
  readonly folder: string;
  readonly profile: string;
  readonly bucket: string;
  readonly prefix: string;
}

/** A content that was given to the station. Contents are never alike. */
export interface Given {
  readonly drop: Drop;
  readonly sha256: string;
  readonly md5: string;
  readonly size: number;
  /** Keys under which it may be delivered: more than one where it was renamed while it waited. */
  readonly keys: string[];
  /** When it lost a name that it had, as `performance.now` says it; nothing of one that it has again. */
  readonly leftMs: Map<string, number>;
  /** Whether the server refuses it for good. */
  readonly isDoomed: boolean;
}

/** Marks the names of files that the servers refuse for good. */
export const DOOMED = 'refused-';
/** Marks the names of files in the folder that is delivered from where it lies. */
export const EXPORTED = 'export-';
/** What stands before the keys of such files. */
export const EXPORTS = 'exports/';

export interface WorldFilesOptions {
  readonly drops: readonly Drop[];
  /** On the disk of the drops, for what is moved in. */
  readonly outside: string;
  /** Where files of others lie. */
  readonly victims: string;
  readonly largestBytes: number;
  readonly random: Random;
}

/**
 * The files of the world: puts them into their places, renames and replaces them there, and knows at the end what each
 * key has to hold. What does not fit on a full disk was never given.
 */
export class WorldFiles {
  readonly given: Given[] = [];
  /** The newest content by profile, bucket and key. */
  readonly newest = new Map<string, Given>();
  /** Files of others, with what is in them. */
  readonly victims = new Map<string, string>();
  readonly #options: WorldFilesOptions;
  #number = 0;
  /** Turns back what a swap did, once. */
  #undo: (() => void)[] = [];

  constructor(options: WorldFilesOptions) {
    this.#options = options;
    mkdirSync(options.outside, { recursive: true });
    mkdirSync(options.victims, { recursive: true });
    for (const { folder } of options.drops) mkdirSync(folder, { recursive: true });
  }

  get bytes(): number {
    return this.given.reduce((sum, { size }) => sum + size, 0);
  }

  /** Gives a few files in folders of their own. */
  give(count: number): void {
    const { random } = this.#options;
    for (let index = 0; index < count; index += 1) {
      const drop = this.#drop();
      const folder = `d${Math.floor(random() * 12)}/${Math.floor(random() * 4)}`;
      const mark = random() < 0.01 && drop.profile !== 'nas' ? DOOMED : '';
      this.#put(drop, `${folder}/${this.#name(drop, mark)}`, this.#size());
    }
  }

  /** Gives new contents under names that were given before. */
  replace(count: number): void {
    const { random } = this.#options;
    const old = [...this.newest].filter(([, { keys, isDoomed }]) => keys.length === 1 && !isDoomed);
    for (let index = 0; index < Math.min(count, old.length); index += 1) {
      const [, { drop, keys }] = old[Math.floor(random() * old.length)] as (typeof old)[number];
      const path = (keys[0] as string).slice(drop.prefix.length);
      // Names that may be renamed are of one content only.
      if (!path.startsWith('d')) continue;
      this.#put(drop, path, this.#size());
    }
  }

  /** Moves a folder in and renames it at once: some files are still there, some on their way. */
  rename(count: number): void {
    const drop = this.#drop('spool');
    const [from, to] = this.#folder(drop, count);
    this.#moved(drop, from, to, () => renameSync(join(drop.folder, from), join(drop.folder, to)));
  }

  /** Moves a folder in, and puts something else under its name, or under those of its files. */
  swap(
    as: 'folder-link' | 'file-link' | 'pipe',
    where: 'spool' | 'exports',
    count: number,
    isUndone: boolean,
  ): void {
    const drop = this.#drop(where);
    const [from, to, contents] = this.#folder(drop, count);
    const victim = join(this.#options.victims, `${this.#number}`);
    mkdirSync(victim, { recursive: true });
    for (const { keys } of contents) {
      const name = basename(keys[0] as string);
      const secret = `another's secret ${this.#number} ${name}`;
      writeFileSync(join(victim, name), secret);
      this.victims.set(join(victim, name), secret);
    }
    if (as === 'folder-link') {
      const [path, aside] = [join(drop.folder, from), join(drop.folder, to)];
      const isThere = this.#moved(drop, from, to, () => renameSync(path, aside));
      if (!isThere) return;
      attempt(() => symlinkSync(victim, path));
      this.#undo.push(() => {
        attempt(() => unlinkSync(path));
        if (isUndone && attempt(() => renameSync(aside, path)))
          for (const { leftMs, keys } of contents) renamed(leftMs, keys[1], keys[0]);
      });
      return;
    }
    for (const { keys, leftMs } of contents) {
      const name = basename(keys[0] as string);
      const [path, aside] = [join(drop.folder, from, name), join(drop.folder, to, name)];
      attempt(() => mkdirSync(dirname(aside), { recursive: true }));
      const key = `${drop.prefix}${to}/${name}`;
      if (!attempt(() => renameSync(path, aside))) continue;
      keys.push(key);
      renamed(leftMs, keys[0], key);
      attempt(() => {
        if (as === 'pipe') execFileSync('mkfifo', [path]);
        else symlinkSync(join(victim, name), path);
      });
      this.#undo.push(() => attempt(() => unlinkSync(path)));
    }
  }

  /** Takes away all links and pipes. May be called again. */
  undoSwaps(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  /** Whether the disk has no room just now; then files only come whole. */
  #put(drop: Drop, path: string, size: number): Given | undefined {
    const { content, given } = this.#content(drop, path, size);
    const aside = join(this.#options.outside, `${this.#number}`);
    const at = join(drop.folder, path);
    const isGiven = attempt(() => {
      writeFileSync(aside, content);
      mkdirSync(dirname(at), { recursive: true });
      renameSync(aside, at);
    });
    if (!isGiven) rmSync(aside, { force: true });
    else this.#enter(given);
    return isGiven ? given : undefined;
  }

  /** A folder with files, moved in as one. @returns its name, another one, and what is in it */
  #folder(drop: Drop, count: number): readonly [string, string, readonly Given[]] {
    this.#number += 1;
    const from = `swap-${this.#number}`;
    const staged = join(this.#options.outside, from);
    const contents: Given[] = [];
    const isMoved = attempt(() => {
      mkdirSync(staged, { recursive: true });
      for (let index = 0; index < count; index += 1) {
        const path = `${from}/${this.#name(drop, '')}`;
        const { content, given } = this.#content(drop, path, this.#size());
        writeFileSync(join(this.#options.outside, path), content);
        contents.push(given);
      }
      renameSync(staged, join(drop.folder, from));
    });
    if (!isMoved) rmSync(staged, { recursive: true, force: true });
    else for (const given of contents) this.#enter(given);
    return [from, `${from}-aside`, isMoved ? contents : []];
  }

  /** Notes what a rename of a folder takes along. @returns whether there was something to rename */
  #moved(drop: Drop, from: string, to: string, move: () => void): boolean {
    if (!existsSync(join(drop.folder, from))) return false;
    if (!attempt(move)) return false;
    for (const { keys, leftMs } of this.given) {
      if (!keys[0]?.startsWith(`${drop.prefix}${from}/`)) continue;
      keys.push(keys[0].replace(`${from}/`, `${to}/`));
      renamed(leftMs, keys[0], keys[1]);
    }
    return true;
  }

  #enter(given: Given): void {
    this.given.push(given);
    this.newest.set(placeOf(given.drop, given.keys[0] as string), given);
  }

  #drop(where?: 'spool' | 'exports'): Drop {
    const { random, drops } = this.#options;
    const fitting = drops.filter(
      ({ prefix }) => where === undefined || (prefix !== '') === (where === 'exports'),
    );
    return fitting[Math.floor(random() * fitting.length)] as Drop;
  }

  #name(drop: Drop, mark: string): string {
    this.#number += 1;
    return `${drop.prefix === '' ? '' : EXPORTED}${mark}${this.#number}.bin`;
  }

  /** Mostly small; a few go in parts. */
  #size(): number {
    const { random, largestBytes } = this.#options;
    const kind = random();
    if (kind < 0.02) return 0;
    if (kind < 0.88) return 1 + Math.floor(random() * 9000);
    if (kind < 0.992) return 1 + Math.floor(random() * 200_000);
    return Math.min(largestBytes, Math.floor((6 + random() * 6) * MIB));
  }

  #content(drop: Drop, path: string, wanted: number): { content: Buffer; given: Given } {
    this.#number += 1;
    const head = Buffer.from(`${this.#number} ${path}\n`);
    // Alike contents could not be told apart: only the name tells empty files.
    const size = wanted === 0 ? 0 : Math.max(wanted, head.length);
    const content = Buffer.allocUnsafe(size);
    const start = Math.floor(this.#options.random() * POOL.length);
    for (let at = 0, from = start; at < size; at += POOL.length - from, from = (at * 7) % 4096)
      POOL.copy(content, at, from);
    head.copy(content);
    const key = `${drop.prefix}${path}`;
    const given = {
      drop,
      size,
      sha256: createHash('sha256').update(content).digest('hex'),
      md5: createHash('md5').update(content).digest('hex'),
      keys: [key],
      leftMs: new Map<string, number>(),
      isDoomed: path.includes(DOOMED),
    };
    return { content, given };
  }
}

export function placeOf({ profile, bucket }: Pick<Drop, 'profile' | 'bucket'>, key: string): string {
  return `${profile}/${bucket}/${key}`;
}

/** As `placeOf`, of a row of the journal. */
export function placeOfRecord(record: Readonly<Record<string, unknown>>): string {
  const { profile, bucket, filepath, source } = record;
  return `${profile}/${bucket}/${source === null ? '' : EXPORTS}${filepath}`;
}

/** What still lies in a folder of exports, but for what the server refused: that stays where it is. */
export function waitingIn(folder: string): string[] {
  return entriesBelow(folder).filter(path => !path.includes(DOOMED));
}

/** Notes which of its names a content has lost by now, and which it has. */
function renamed(leftMs: Map<string, number>, from: string | undefined, to: string | undefined): void {
  if (from !== undefined) leftMs.set(from, performance.now());
  if (to !== undefined) leftMs.delete(to);
}

/** Whether it could be done; the disk may be full, or what it is about has gone on its way. */
function attempt(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOSPC', 'ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code)) return false;
    throw error;
  }
}

/** Every file, link and pipe below a folder, by relative path; folders may go meanwhile. */
export function entriesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .flatMap(entry =>
        entry.isDirectory()
          ? entriesBelow(join(folder, entry.name)).map(path => `${entry.name}/${path}`)
          : [entry.name],
      )
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
}
