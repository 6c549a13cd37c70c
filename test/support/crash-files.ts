import { createHash, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../src/base/random.ts';

const MIB = 2 ** 20;
const POOL = randomBytes(2 * MIB);

export interface Given {
  readonly size: number;
  readonly sha256: string;
}

export interface CrashFilesOptions {
  /** The bucket's folder in incoming. */
  readonly target: string;
  /** A folder on the same file system, for what is moved in. */
  readonly outside: string;
  readonly largestBytes: number;
  readonly random: Random;
}

/**
 * Puts files of mixed sizes into a spool in every way: written in place, slowly in pieces, renamed in, and as whole
 * trees. Slow writers go on whatever becomes of the station meanwhile.
 */
export class CrashFiles {
  /** By object key, from the moment at which the file begins to arrive. */
  readonly given = new Map<string, Given>();
  readonly #options: CrashFilesOptions;
  readonly #slow = new Set<Promise<void>>();
  #number = 0;
  #sinceLargest = 0;

  constructor(options: CrashFilesOptions) {
    this.#options = options;
    mkdirSync(options.outside, { recursive: true });
  }

  get bytes(): number {
    return [...this.given.values()].reduce((sum, { size }) => sum + size, 0);
  }

  give(folder: string, count: number): void {
    const { random } = this.#options;
    for (let index = 0; index < count; index += 1) {
      const directory = `${folder}/${Math.floor(random() * 3)}`;
      const size = this.#size();
      const way = random();
      if (way < 0.25 && size > 0) this.#writeSlowly(directory, size);
      else if (way < 0.5) this.#renameIn(directory, size);
      else if (way < 0.6) this.#moveTree(directory, size);
      else this.#writeInPlace(directory, size);
    }
  }

  /** Resolves when the slow writers are through. */
  async settle(): Promise<void> {
    await Promise.all(this.#slow);
  }

  /** Mostly small; one in thirty goes in parts, one in 250 is as large as allowed. */
  #size(): number {
    const { random, largestBytes } = this.#options;
    this.#sinceLargest += 1;
    if (this.#sinceLargest >= 250) {
      this.#sinceLargest = 0;
      return largestBytes;
    }
    const kind = random();
    if (kind < 0.04) return 0;
    if (kind < 0.84) return 1 + Math.floor(random() * 9000);
    if (kind < 0.966) return 1 + Math.floor(random() * MIB);
    return Math.min(largestBytes, Math.floor((6 + random() * 14) * MIB));
  }

  #content(directory: string, size: number): { key: string; content: Buffer } {
    const key = `${directory}/${this.#number}.bin`;
    this.#number += 1;
    const content = Buffer.allocUnsafe(size);
    // Different at every place, so that parts which change places or come from another file are seen.
    const start = Math.floor(this.#options.random() * POOL.length);
    for (let at = 0, from = start; at < size; at += POOL.length - from, from = (at * 7) % 4096)
      POOL.copy(content, at, from);
    content.write(`${key}\n`.slice(0, size));
    this.given.set(key, { size, sha256: sha256(content) });
    return { key, content };
  }

  #place(key: string): string {
    const path = join(this.#options.target, key);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  }

  #writeInPlace(directory: string, size: number): void {
    const { key, content } = this.#content(directory, size);
    writeFileSync(this.#place(key), content);
  }

  #renameIn(directory: string, size: number): void {
    const { key, content } = this.#content(directory, size);
    const aside = join(this.#options.outside, `${this.#number}`);
    writeFileSync(aside, content);
    renameSync(aside, this.#place(key));
  }

  #moveTree(directory: string, size: number): void {
    const tree = `tree-${this.#number}`;
    const { key, content } = this.#content(`${directory}/${tree}/deep`, size);
    const aside = join(this.#options.outside, tree);
    mkdirSync(join(aside, 'deep'), { recursive: true });
    writeFileSync(join(aside, 'deep', key.slice(key.lastIndexOf('/') + 1)), content);
    const moved = join(this.#options.target, directory, tree);
    mkdirSync(dirname(moved), { recursive: true });
    renameSync(aside, moved);
  }

  #writeSlowly(directory: string, size: number): void {
    const { random } = this.#options;
    const { key, content } = this.#content(directory, size);
    const path = this.#place(key);
    const pieces = 2 + Math.floor(random() * 4);
    const pausesMs = Array.from({ length: pieces }, () => random() * 600);
    const written = (async () => {
      const descriptor = openSync(path, 'w');
      try {
        for (const [piece, pauseMs] of pausesMs.entries()) {
          writeSync(descriptor, content.subarray((size * piece) / pieces, (size * (piece + 1)) / pieces));
          await pause(pauseMs);
        }
      } finally {
        closeSync(descriptor);
      }
    })().finally(() => this.#slow.delete(written));
    this.#slow.add(written);
  }
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
