import { closeSync, constants, fstatSync, openSync, readSync, statfsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { asSluiceError, SluiceError } from '../../../../base/errors.ts';
import { MAX_READING_BYTES, type RawReading, type ReadingSource } from '../source.ts';

/**
 * statfs(2) types of file systems that may wait for another machine or process: NFS, SMB, CIFS, FUSE, 9p, Ceph, AFS,
 * Lustre.
 */
const REMOTE = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997, 0x00c36400, 0x5346414f, 0x0bd00bd0,
]);
/**
 * A file that takes longer so many times in a row is read in the pool for a while, so that it does not hold up the
 * other collectors. Once alone it may have been the machine.
 */
const SLOW_MS = 5;
const SLOW_READS = 3;
const POOLED_MS = 60_000;
const FIRST_BYTES = 4096;

export interface FileSourceOptions {
  readonly path: string;
  readonly monotonicMs: () => number;
}

/**
 * The content of a file. Small local files, /proc and /sys above all, are read at once: that takes some ten
 * microseconds, where a read in the thread pool takes ten times that. Slow ones and those of network file systems go
 * through the pool. Opened anew each time, since it may have been replaced.
 */
export class FileSource implements ReadingSource {
  readonly #path: string;
  readonly #extension: string | undefined;
  readonly #monotonicMs: () => number;
  /** Until then it is read in the pool: forever on another machine's file system. */
  #pooledUntilMs: number | undefined;
  #slowReads = 0;
  /** A read that did not end within its time; another one would only join it. */
  #hanging: Promise<unknown> | undefined;

  constructor({ path, monotonicMs }: FileSourceOptions) {
    this.#path = path;
    this.#monotonicMs = monotonicMs;
    this.#extension = /^\.[A-Za-z0-9]{1,16}$/.test(extname(path)) ? extname(path).slice(1) : undefined;
  }

  read(signal: () => AbortSignal): RawReading | Promise<RawReading> {
    try {
      this.#pooledUntilMs ??= isRemote(this.#path) ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
      const startMs = this.#monotonicMs();
      if (startMs < this.#pooledUntilMs) return this.#readInPool(signal());
      const bytes = readWhole(this.#path);
      const endMs = this.#monotonicMs();
      this.#slowReads = endMs - startMs > SLOW_MS ? this.#slowReads + 1 : 0;
      if (this.#slowReads >= SLOW_READS) {
        this.#slowReads = 0;
        this.#pooledUntilMs = endMs + POOLED_MS;
      }
      return this.#raw(bytes);
    } catch (error) {
      throw this.#failureOf(error);
    }
  }

  async close(): Promise<void> {}

  async #readInPool(signal: AbortSignal): Promise<RawReading> {
    if (this.#hanging) throw new SluiceError('timed_out', `${this.#path}: the last read hangs still`);
    const reading = readInPool(this.#path);
    try {
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      return this.#raw(await Promise.race([reading, aborted]));
    } catch (error) {
      if (signal.aborted) {
        const over = (): void => {
          this.#hanging = undefined;
        };
        this.#hanging = reading.then(over, over);
      }
      throw this.#failureOf(error);
    }
  }

  #raw(bytes: Buffer): RawReading {
    return this.#extension === undefined ? { bytes } : { bytes, extension: this.#extension };
  }

  #failureOf(error: unknown): SluiceError {
    return asSluiceError(error, { operation: 'read', subject: this.#path });
  }
}

/** Non-blocking: opening a FIFO that nobody writes would wait for ever. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
const scratch = Buffer.allocUnsafe(FIRST_BYTES);

function readWhole(path: string): Buffer {
  const descriptor = openSync(path, FLAGS);
  try {
    const length = readSync(descriptor, scratch, 0, FIRST_BYTES, null);
    // A file of sysfs or procfs tells nothing by its size.
    if (length < FIRST_BYTES) return Buffer.from(scratch.subarray(0, length));
    const { size } = fstatSync(descriptor);
    const pieces = [Buffer.from(scratch)];
    for (let total = length; total <= MAX_READING_BYTES; ) {
      const piece = Buffer.allocUnsafe(Math.min(2 ** 20, Math.max(FIRST_BYTES, size - total + 1)));
      const more = readSync(descriptor, piece, 0, piece.length, null);
      if (more === 0) break;
      pieces.push(piece.subarray(0, more));
      total += more;
    }
    return Buffer.concat(pieces);
  } finally {
    closeSync(descriptor);
  }
}

async function readInPool(path: string): Promise<Buffer> {
  const handle = await open(path, FLAGS);
  try {
    const { size } = await handle.stat();
    if (size > MAX_READING_BYTES)
      throw new SluiceError('answer_too_large', `${path} is larger than a reading may be`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

function isRemote(path: string): boolean {
  return REMOTE.has(statfsSync(path).type >>> 0);
}
