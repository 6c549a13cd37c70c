import { lstatSync, type Stats, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { callError } from '../../../base/files/calls.ts';
import { isLocal } from './filesystems.ts';
import { IN, WATCH_MASK } from './inotify-events.ts';
import type { Inspector } from './inspector.ts';
import type { Job, Jobs } from './jobs.ts';
import { errorName, type Libc } from './libc.ts';
import type { Via, WatchTrouble } from './messages.ts';
import type { NameRules } from './name-rules.ts';
import { isUnspeakable, readNames } from './names.ts';
import { isOfPlace, type PlaceFailures } from './place-failures.ts';
import { type Directory, type DirectoryEntry, pathOf, type Tree, topOf } from './tree.ts';

/** What the sweeper works with. */
export interface SweeperOptions {
  readonly tree: Tree;
  readonly inspector: Inspector;
  readonly failures: PlaceFailures;
  readonly jobs: Jobs;
  /** Absent where there are no kernel events. */
  readonly notifier: { readonly libc: Libc; readonly inotify: number } | undefined;
  readonly names: NameRules;
  readonly stayingRoots: readonly string[];
  readonly nowMs: () => number;
  readonly onTrouble: (trouble: WatchTrouble) => void;
}

/**
 * A directory's mtime tells two states of it apart only when some time lies between them: 4 ms on local Linux
 * file systems, 2 s on FAT. A directory that changed within this time before its listing is listed again.
 */
const MTIME_GRAIN_MS = 2500;

/**
 * Lists directories and reconciles them with what is known of them: the truth behind the events.
 *
 * A new directory is watched first and listed then, so that what arrives in between is seen twice rather than
 * never. A sweep lists names only, and where a watched directory's own mtime shows that no name came or
 * went, not even those. A deep sweep, and every sweep of an unwatched directory, inspects each file.
 */
export class Sweeper {
  readonly #options: SweeperOptions;
  readonly #localByDevice = new Map<number, boolean>();
  readonly #missingRoots = new Set<string>();
  #limitReported = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** Takes a wanted root up if it is there; reports once if it is not. */
  openRoot(path: string): void {
    // A root may itself be a symlink; nothing below it may.
    const stat = this.#stat(path, path, statSync);
    if (stat === 'failed') return;
    if (stat) {
      this.#missingRoots.delete(path);
      this.#open(undefined, '', path, stat);
      return;
    }
    if (this.#missingRoots.has(path)) return;
    this.#missingRoots.add(path);
    const message = `${path} is not a directory that can be read; it is watched as soon as it is there`;
    this.#options.onTrouble({ kind: 'root_missing', path, message });
  }

  /** Forgets a root and all below it. */
  closeRoot(path: string): void {
    const root = this.#options.tree.roots.get(path);
    if (root) this.#options.tree.detach(root);
    this.#options.tree.roots.delete(path);
    this.#missingRoots.delete(path);
  }

  /**
   * A directory came to light. One that is known and watched is left as it is.
   * @param again list it even so: it was moved here, and may bring what was written while it was elsewhere
   */
  discover(parent: Directory, name: string, again = false): void {
    const { inspector, jobs } = this.#options;
    if (isUnspeakable(name)) {
      inspector.inspect({ directory: parent, name }, 'scan');
      return;
    }
    const path = pathOf(parent, name);
    const stat = this.#stat(topOf(parent).path, path, lstatSync);
    if (!stat || stat === 'failed') return;
    const known = parent.children.get(name);
    if (known?.inode === stat.ino) {
      const had = known.watch;
      this.#watch(known);
      if (!known.attached || (known.watch === had && !again)) return;
      known.listedMtimeMs = Number.NaN;
      jobs.addUrgent(this.#list(known, 'scan', true));
      return;
    }
    this.#open(parent, name, path, stat);
  }

  /** Looks at a name and takes it up if it is a directory. */
  inspect(place: DirectoryEntry, via: Via, closed = false): void {
    if (this.#options.inspector.inspect(place, via, closed) === 'directory') {
      this.discover(place.directory, place.name);
    }
  }

  /** The kernel has ended a directory's watch: it is gone, or was made anew with the same inode number. */
  handleWatchEnded(directory: Directory): void {
    this.#options.tree.setWatch(directory, undefined);
    this.dropIfGone(directory);
    if (directory.attached) this.#options.jobs.addUrgent(this.#list(directory, 'scan', true));
  }

  /** Drops a directory unless it lies at its path still: then the event that led here is older than what is known. */
  dropIfGone(directory: Directory): void {
    const stat = this.#statOf(directory);
    if (stat === 'failed' || stat?.ino === directory.inode) return;
    this.#options.tree.detach(directory);
  }

  /** Walks all there is. Ends when the new directories met on the way are listed too. */
  *sweep(deep: boolean): Job {
    const { tree, jobs } = this.#options;
    for (const [path, root] of [...tree.roots]) {
      if (!tree.roots.has(path)) continue;
      if (root) this.dropIfGone(root);
      if (tree.roots.get(path) === undefined) this.openRoot(path);
      else if (root) yield* this.#sweepBelow(root, deep);
      yield;
    }
    for (const place of [...tree.unresolved.values()]) {
      // The listing has inspected every file there.
      if (deep || place.directory.watch === undefined) continue;
      this.inspect(place, 'sweep');
      yield;
    }
    while (jobs.urgentPending) yield;
  }

  *#sweepBelow(root: Directory, deep: boolean): Job {
    const stack = [root];
    for (let next = stack.pop(); next; next = stack.pop()) {
      if (!next.attached) continue;
      const known = [...next.children.values()];
      yield* this.#list(next, 'sweep', deep);
      for (const child of known) stack.push(child);
      yield;
    }
  }

  #open(parent: Directory | undefined, name: string, path: string, stat: Stats): void {
    const { tree, jobs } = this.#options;
    const local = this.#isLocal(path, stat.dev);
    const temporary = parent !== undefined && this.#options.names.isTemporary({ directory: parent, name });
    const stays = parent ? parent.stays : this.#options.stayingRoots.includes(path);
    const facts = { path, inode: stat.ino, device: stat.dev, local, temporary, stays };
    const directory = tree.attach(parent, name, facts);
    this.#watch(directory);
    if (directory.attached) jobs.addUrgent(this.#list(directory, 'scan', true));
  }

  #watch(directory: Directory): void {
    const { tree, notifier, inspector } = this.#options;
    if (!notifier || !directory.local) return;
    const mask = directory.parent ? WATCH_MASK | IN.DONT_FOLLOW : WATCH_MASK;
    const watch = notifier.libc.addWatch(notifier.inotify, directory.path, mask);
    if (watch >= 0) {
      if (directory.watch !== watch) tree.setWatch(directory, watch);
      return;
    }
    const { ENOENT, ENOTDIR, ENOSPC } = osConstants.errno;
    if (-watch === ENOENT || -watch === ENOTDIR) tree.detach(directory);
    else if (-watch === ENOSPC) this.#limitReached(directory);
    // Told by the listing that follows.
    else if (isOfPlace(callError(-watch, 'inotify_add_watch', directory.path))) return;
    else inspector.directoryTrouble(directory, 'unreadable', `cannot be watched: ${errorName(-watch)}`);
  }

  #limitReached(directory: Directory): void {
    if (this.#limitReported) return;
    this.#limitReported = true;
    this.#options.onTrouble({
      kind: 'watch_limit',
      path: directory.path,
      message:
        'the kernel grants no more inotify watches; further directories are swept instead. ' +
        'Raise fs.inotify.max_user_watches (sysctl -w fs.inotify.max_user_watches=1048576)',
    });
  }

  *#list(directory: Directory, via: Via, deep: boolean): Job {
    if (!directory.attached) return;
    const hadWatch = directory.watch !== undefined;
    if (!hadWatch) this.#watch(directory);
    const stat = this.#statOf(directory);
    if (stat === 'failed') return;
    if (stat?.ino !== directory.inode) return this.#replaced(directory);
    const everyFile = deep || !hadWatch;
    if (!everyFile && stat.mtimeMs === directory.listedMtimeMs) return;
    const names = this.#names(directory);
    if (!names) return;
    const settled = this.#options.nowMs() - stat.mtimeMs > MTIME_GRAIN_MS;
    directory.relist = false;
    this.#forgetMissing(directory, names);
    for (const name of names) {
      if (!directory.attached) return;
      if (directory.children.has(name) || (!everyFile && directory.entries.has(name))) continue;
      this.inspect({ directory, name }, via);
      yield;
    }
    // Only now: a listing cut short by a crash of this job must not count as complete.
    directory.listedMtimeMs = settled && !directory.relist ? stat.mtimeMs : Number.NaN;
  }

  /** Another directory, or nothing, lies at the path. */
  #replaced(directory: Directory): void {
    this.#options.tree.detach(directory);
    if (directory.parent) this.inspect({ directory: directory.parent, name: directory.name }, 'sweep');
  }

  #names(directory: Directory): string[] | undefined {
    try {
      const names = readNames(directory.path);
      if (directory.watch !== undefined || !this.#options.notifier) directory.trouble = undefined;
      return names;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      if (this.#options.failures.note(topOf(directory).path, directory.path, error)) return undefined;
      if (code === 'ENOENT' || code === 'ENOTDIR') this.#options.tree.detach(directory);
      else this.#options.inspector.directoryTrouble(directory, 'unreadable', `cannot be listed: ${code}`);
      return undefined;
    }
  }

  /** Right after the listing and in one go: what arrives later is not in `names` and must not be forgotten. */
  #forgetMissing(directory: Directory, names: readonly string[]): void {
    let present = 0;
    for (const name of names) if (directory.entries.has(name) || directory.children.has(name)) present += 1;
    if (present === directory.entries.size + directory.children.size) return;
    const listed = new Set(names);
    const { tree } = this.#options;
    for (const name of [...directory.entries.keys()]) if (!listed.has(name)) tree.forget(directory, name);
    for (const child of [...directory.children.values()]) if (!listed.has(child.name)) tree.detach(child);
  }

  #statOf(directory: Directory): Stats | 'failed' | undefined {
    return this.#stat(topOf(directory).path, directory.path, directory.parent ? lstatSync : statSync);
  }

  /** Of a directory; undefined where none lies there, `failed` where its disk cannot say. */
  #stat(root: string, path: string, stat: typeof lstatSync): Stats | 'failed' | undefined {
    try {
      const stats = stat(path, { throwIfNoEntry: false });
      return stats?.isDirectory() ? stats : undefined;
    } catch (error) {
      // Else ENOTDIR, EACCES, ELOOP: not a directory that can be walked; its parent's listing reports it.
      return this.#options.failures.note(root, path, error) ? 'failed' : undefined;
    }
  }

  #isLocal(path: string, device: number): boolean {
    let local = this.#localByDevice.get(device);
    if (local === undefined) {
      try {
        local = isLocal(path);
      } catch {
        // It went away this instant; whatever comes next at this path asks again.
        return false;
      }
      this.#localByDevice.set(device, local);
    }
    return local;
  }
}
