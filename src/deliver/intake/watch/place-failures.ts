import { systemFailureOf } from '../../../base/system-errors.ts';
import type { FailingRoot } from './messages.ts';
import { type Tree, topOf } from './tree.ts';

/** Whether a failed call on a file or directory speaks of its disk, mount or device, or of this machine. */
export function isOfPlace(error: unknown): boolean {
  const says = systemFailureOf(error, 'files')?.says;
  return says === 'place' || says === 'room' || says === 'short';
}

/** Gathers, by root, which calls failed for the sake of the disk under it, until they are told together. */
export class PlaceFailures {
  readonly #tree: Tree;
  readonly #failing = new Map<string, FailingRoot['example']>();
  /** Roots in which a file could be read since the last time. */
  readonly #answered = new Set<string>();

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** @returns false, and nothing is noted, for an error that says nothing of the place */
  note(root: string, path: string, error: unknown): boolean {
    if (!isOfPlace(error)) return false;
    const failure = systemFailureOf(error, 'files');
    if (this.#failing.has(root) || !failure) return true;
    const { errno = 0, syscall = 'open' } = failure.error as NodeJS.ErrnoException;
    this.#failing.set(root, { path, errno: Math.abs(errno), call: syscall });
    return true;
  }

  /** A file of it could be read. */
  noteAnswer(root: string): void {
    this.#answered.add(root);
  }

  /** What failed since the last time, with how many files wait for it. */
  take(): FailingRoot[] {
    const files = new Map<string, number>();
    if (this.#failing.size > 0) {
      for (const { directory, name } of this.#tree.unresolved.values()) {
        const entry = directory.entries.get(name);
        if (entry?.state !== 'troubled' || entry.trouble !== 'place_failed') continue;
        const root = topOf(directory).path;
        files.set(root, (files.get(root) ?? 0) + 1);
      }
    }
    const taken = [...this.#failing].map(([root, example]) => {
      return { root, files: files.get(root) ?? 0, hasAnswered: this.#answered.has(root), example };
    });
    this.#failing.clear();
    this.#answered.clear();
    return taken;
  }
}
