import { join } from 'node:path';
import { scratchPathOf } from '../clone/directories.ts';
import { diskUsage } from './usage.ts';

/**
 * Work of this process in a clone, or in making it:
 *
 *   at work in what is there ──admit──▶ waiting ──▶ growing ──end──▶ over
 *            │  └──────────── stopped beside others ──admit, alone──▶ waiting
 *            └──end──▶ over
 */
export class CloneUse {
  readonly url: string;
  /** Full path of its clone, there or not. */
  readonly path: string;
  /** What the clone took when the work began; 0 where there was none. */
  readonly beforeBytes: number;
  state: 'at work' | 'waiting' | 'growing' = 'at work';
  /** What it has leave to write. */
  reservedBytes = 0;
  isUnknown = false;
  isAlone = false;
  /** Stops the work because it has filled the disk. */
  stop = new AbortController();
  /** When it was stopped: what it had written, and whether others were at work. */
  stopped: { readonly bytes: number; readonly besideOthers: boolean } | undefined;
  readonly #scratch: string;

  constructor(url: string, cacheDirectory: string, directory: string, beforeBytes: number) {
    this.url = url;
    this.path = join(cacheDirectory, directory);
    this.#scratch = scratchPathOf(cacheDirectory, directory);
    this.beforeBytes = beforeBytes;
  }

  /** What it takes now: in its place, and half made. */
  async usage(): Promise<{ readonly placeBytes: number; readonly grownBytes: number }> {
    const [placeBytes, scratchBytes] = await Promise.all([diskUsage(this.path), diskUsage(this.#scratch)]);
    return { placeBytes, grownBytes: Math.max(0, placeBytes + scratchBytes - this.beforeBytes) };
  }
}
