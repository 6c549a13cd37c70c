import type { WatchedFile } from './judge.ts';
import type { TroubleKind } from './messages.ts';

/** A directory that the watch knows. Its fields change as the watch learns more. */
export interface Directory {
  readonly path: string;
  readonly name: string;
  readonly parent: Directory | undefined;
  readonly inode: number;
  /** Whether kernel events and leases say the truth here (see filesystems.ts). */
  readonly local: boolean;
  readonly device: number;
  readonly children: Map<string, Directory>;
  readonly entries: Map<string, WatchedFile>;
  /** inotify watch descriptor; absent where there is none, and the sweep is all there is. */
  watch: number | undefined;
  /** The directory's mtime before its last complete listing; NaN when that says nothing. */
  listedMtimeMs: number;
  /** A name here was forgotten on request: the listing under way may have passed it, and is not the last word. */
  relist: boolean;
  /** Whether files stay here after they were delivered. */
  readonly stays: boolean;
  /** Whether its name, or that of one around it, is a temporary one. */
  readonly temporary: boolean;
  /** What was reported of the directory itself. */
  trouble: TroubleKind | undefined;
  /** False once it has left the tree; whoever still holds it must let go. */
  attached: boolean;
}

/** A name in a directory. */
export interface DirectoryEntry {
  readonly directory: Directory;
  readonly name: string;
}

/** The root that a directory is or lies in. */
export function topOf(directory: Directory): Directory {
  let at = directory;
  while (at.parent) at = at.parent;
  return at;
}

/** The path of a name in a directory. */
export function pathOf(directory: Directory, name: string): string {
  return directory.path === '/' ? `/${name}` : `${directory.path}/${name}`;
}

/**
 * All that the watch remembers: the directories, which watch descriptor stands for which, and the names in
 * them. At most `maxRemembered` names that were reported: beyond that, those in the directories that have been quiet
 * longest are forgotten, and reported again if a sweep finds them.
 */
export class Tree {
  /** Every root that is wanted; undefined while it is not there. */
  readonly roots = new Map<string, Directory | undefined>();
  /** Names that are not reported yet, by path: the sweep inspects each of them again. */
  readonly unresolved = new Map<string, DirectoryEntry>();
  readonly #byWatch = new Map<number, Directory>();
  /** Directories with entries, the quietest first. */
  readonly #recency = new Set<Directory>();
  readonly #maxRemembered: number;
  readonly #onUnwatch: (watch: number) => void;
  #reported = 0;
  #evicted = 0;

  /** @param onUnwatch called with each descriptor whose directory has left the tree */
  constructor(maxRemembered: number, onUnwatch: (watch: number) => void) {
    this.#maxRemembered = maxRemembered;
    this.#onUnwatch = onUnwatch;
  }

  /** How many reported names are remembered. */
  get rememberedCount(): number {
    return this.#reported;
  }

  /** How many names were forgotten for want of room, ever. */
  get evictedCount(): number {
    return this.#evicted;
  }

  /** Takes a directory up, in place of one known by that path. */
  attach(
    parent: Directory | undefined,
    name: string,
    facts: Pick<Directory, 'path' | 'inode' | 'device' | 'local'> &
      Partial<Pick<Directory, 'temporary' | 'stays'>>,
  ): Directory {
    const old = parent ? parent.children.get(name) : this.roots.get(facts.path);
    if (old) this.detach(old);
    const directory: Directory = {
      temporary: false,
      stays: false,
      ...facts,
      name,
      parent,
      children: new Map(),
      entries: new Map(),
      watch: undefined,
      listedMtimeMs: Number.NaN,
      relist: false,
      trouble: undefined,
      attached: true,
    };
    if (parent) parent.children.set(name, directory);
    else this.roots.set(facts.path, directory);
    return directory;
  }

  /** Drops a directory and all below it. A root stays wanted. */
  detach(directory: Directory): void {
    if (directory.parent?.children.get(directory.name) === directory) {
      directory.parent.children.delete(directory.name);
    }
    if (this.roots.get(directory.path) === directory) this.roots.set(directory.path, undefined);
    const stack = [directory];
    for (let next = stack.pop(); next; next = stack.pop()) {
      next.attached = false;
      for (const child of next.children.values()) stack.push(child);
      for (const name of [...next.entries.keys()]) this.forget(next, name);
      const watch = next.watch;
      this.setWatch(next, undefined);
      if (watch !== undefined) this.#onUnwatch(watch);
    }
  }

  /**
   * Notes which descriptor sees a directory. The kernel gives one descriptor an inode, so a directory that
   * was renamed (or is reachable twice) brings the descriptor of its old path along: that path loses it.
   */
  setWatch(directory: Directory, watch: number | undefined): void {
    if (directory.watch !== undefined) this.#byWatch.delete(directory.watch);
    if (watch !== undefined) {
      const previous = this.#byWatch.get(watch);
      if (previous) previous.watch = undefined;
      this.#byWatch.set(watch, directory);
    }
    directory.watch = watch;
  }

  byWatch(watch: number): Directory | undefined {
    return this.#byWatch.get(watch);
  }

  remember(directory: Directory, name: string, entry: WatchedFile): void {
    if (directory.entries.get(name)?.state === 'reported') this.#reported -= 1;
    if (entry.state === 'reported') this.#reported += 1;
    directory.entries.set(name, entry);
    if (entry.state === 'reported') this.unresolved.delete(pathOf(directory, name));
    else this.unresolved.set(pathOf(directory, name), { directory, name });
    this.#recency.delete(directory);
    this.#recency.add(directory);
    if (this.#reported > this.#maxRemembered) this.#evict();
  }

  forget(directory: Directory, name: string): void {
    const entry = directory.entries.get(name);
    if (!entry) return;
    directory.entries.delete(name);
    if (entry.state === 'reported') this.#reported -= 1;
    this.unresolved.delete(pathOf(directory, name));
    if (directory.entries.size === 0) this.#recency.delete(directory);
  }

  /** Where a path lies, if its directory is known. */
  locate(path: string): DirectoryEntry | undefined {
    for (const [rootPath, root] of this.roots) {
      if (!root || !path.startsWith(`${rootPath}/`)) continue;
      const segments = path.slice(rootPath.length + 1).split('/');
      const name = segments.pop();
      let directory: Directory | undefined = root;
      for (const segment of segments) directory = directory?.children.get(segment);
      if (directory && name) return { directory, name };
    }
    return undefined;
  }

  /**
   * Makes room a hundredth at a time. Names that are not reported yet stay: a file forgotten while it settles
   * would settle from the start again, and so for ever.
   */
  #evict(): void {
    const enough = Math.floor(this.#maxRemembered * 0.99);
    for (const quietest of this.#recency) {
      for (const [name, entry] of quietest.entries) {
        if (this.#reported <= enough) return;
        if (entry.state !== 'reported') continue;
        this.forget(quietest, name);
        this.#evicted += 1;
      }
    }
  }
}
