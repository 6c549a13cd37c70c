import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { SluiceError } from '../../../../base/errors.ts';
import { type Mount, readMounts } from '../../../../base/files/locations.ts';
import { readingFailure } from '../failure.ts';
import { MAX_READING_BYTES, type RawReading, type ReadingFormat, type ReadingSource } from '../source.ts';
import { isHalfWritten } from './half-written.ts';
import { PIECE_BYTES, Pieces } from './pieces.ts';
import { ReadApart } from './read-apart.ts';
import { isRemotePath } from './remote-path.ts';

/**
 * A file that takes longer so many times in a row is read in the pool for a while, so that it does not hold up the
 * other collectors. Once alone it may have been the machine.
 */
const SLOW_MS = 5;
const SLOW_READS = 3;
const POOLED_MS = 60_000;
/** For so long a path is taken to lie where it lay. */
const PLACE_KNOWN_MS = 5_000;
/** No read at once goes on for longer; the rest is read in the pool. */
const AT_ONCE_MS = 50;
const FIRST_BYTES = 4096;
const DEVICE_BYTES = 2 ** 16;
/** Pauses before a file that somebody is writing is read again. */
const REREAD_MS = [5, 10, 20, 40, 80, 160];

export interface FileSourceOptions {
  readonly path: string;
  readonly format: ReadingFormat;
  readonly monotonicMs: () => number;
  /** Resolves after a pause. */
  readonly pause: (ms: number) => Promise<void>;
  /** What is mounted now; that of this machine by default. */
  readonly mounts?: () => readonly Mount[];
}

/**
 * The content of a file, up to its end. Small local files, /proc and /sys above all, are read at once: that takes some
 * ten microseconds, where a read in the thread pool takes ten times that. Slow ones, devices, pipes and those of network
 * file systems go through the pool. Opened anew each time, since it may have been replaced. A device or pipe yields what
 * is there now; nothing is no reading. A named pipe stays open between readings: who writes into it then neither waits
 * nor loses what it writes. JSON that somebody is just writing is read again.
 */
export class FileSource implements ReadingSource {
  readonly #options: FileSourceOptions;
  readonly #extension: string | undefined;
  /** Until then it is read in the pool; undefined before the first read. */
  #pooledUntilMs: number | undefined;
  readonly #apart: ReadApart;
  #isRemote = false;
  #placeKnownUntilMs = Number.NEGATIVE_INFINITY;
  #slowReads = 0;
  /** A read that did not end within its time; another one would only join it. */
  #hanging: Promise<unknown> | undefined;
  /** The named pipe that it is. */
  #pipe: { readonly handle: FileHandle; readonly stats: Stats } | undefined;
  /** Whether it held JSON, so that it will again. */
  #hadJson = false;

  constructor(options: FileSourceOptions) {
    const extension = extname(options.path);
    this.#options = options;
    this.#apart = new ReadApart(options.path);
    this.#extension = /^\.[A-Za-z0-9]{1,16}$/.test(extension) ? extension.slice(1) : undefined;
  }

  read(signal: () => AbortSignal): RawReading | undefined | Promise<RawReading | undefined> {
    const startMs = this.#options.monotonicMs();
    if (this.#isElsewhere(startMs)) return this.#readApart(signal());
    const isPooled = this.#pooledUntilMs === undefined || startMs < this.#pooledUntilMs;
    if (isPooled || this.#pipe !== undefined) return this.#readInPool(signal());
    let bytes: Buffer | undefined;
    try {
      bytes = this.#readAtOnce(startMs);
    } catch (error) {
      throw this.#failureOf(error);
    }
    if (bytes === undefined) return this.#readInPool(signal());
    return this.#isHalfWritten(bytes) ? this.#readAgain(bytes, signal()) : this.#raw(bytes);
  }

  async close(): Promise<void> {
    const pipe = this.#pipe;
    this.#pipe = undefined;
    await pipe?.handle.close();
  }

  /** Undefined where it is nothing to be read at once. */
  #readAtOnce(startMs: number): Buffer | undefined {
    const { path, monotonicMs } = this.#options;
    const bytes = readWhole(path, () => monotonicMs() - startMs > AT_ONCE_MS);
    const endMs = monotonicMs();
    this.#slowReads = endMs - startMs > SLOW_MS ? this.#slowReads + 1 : 0;
    if (this.#slowReads >= SLOW_READS) {
      this.#slowReads = 0;
      this.#pooledUntilMs = endMs + POOLED_MS;
    }
    return bytes;
  }

  /** Whether it lies on another machine's file system. */
  #isElsewhere(nowMs: number): boolean {
    if (nowMs < this.#placeKnownUntilMs) return this.#isRemote;
    const { path, mounts = readMounts } = this.#options;
    this.#isRemote = isRemotePath(path, mounts());
    this.#placeKnownUntilMs = nowMs + PLACE_KNOWN_MS;
    return this.#isRemote;
  }

  async #readApart(signal: AbortSignal): Promise<RawReading | undefined> {
    try {
      const bytes = await this.#apart.read(signal);
      return this.#isHalfWritten(bytes) ? await this.#readAgain(bytes, signal) : this.#raw(bytes);
    } catch (error) {
      throw this.#failureOf(error);
    }
  }

  async #readInPool(signal: AbortSignal): Promise<RawReading | undefined> {
    const { path } = this.#options;
    if (this.#hanging) throw new SluiceError('timed_out', `${path}: the last read hangs still`);
    this.#pooledUntilMs ??= Number.NEGATIVE_INFINITY;
    const bytes = await this.#whileWanted(signal, () => this.#readNow(signal));
    if (bytes === undefined) return undefined;
    return this.#isHalfWritten(bytes) ? this.#readAgain(bytes, signal) : this.#raw(bytes);
  }

  async #readNow(signal: AbortSignal): Promise<Buffer | undefined> {
    const { handle, stats } = await this.#open();
    try {
      return await readToEnd(handle, stats, signal);
    } finally {
      if (handle !== this.#pipe?.handle) await handle.close();
    }
  }

  async #open(): Promise<{ readonly handle: FileHandle; readonly stats: Stats }> {
    const { path } = this.#options;
    const pipe = this.#pipe;
    if (pipe !== undefined) {
      const now = await stat(path).catch(() => undefined);
      if (now?.ino === pipe.stats.ino && now.dev === pipe.stats.dev) return pipe;
      await this.close();
    }
    const handle = await open(path, FLAGS);
    const opened = { handle, stats: await handle.stat() };
    if (opened.stats.isFIFO()) this.#pipe = opened;
    return opened;
  }

  /** Does something in the pool, where a system call may hang for ever, for as long as the signal allows. */
  async #whileWanted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const working = work();
    try {
      return await Promise.race([working, aborted.promise]);
    } catch (error) {
      if (signal.aborted) {
        const over = (): void => {
          this.#hanging = undefined;
        };
        this.#hanging = working.then(over, over);
      }
      throw this.#failureOf(error);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** A file that somebody is writing: what it holds a little later, once that is whole. */
  async #readAgain(first: Buffer, signal: AbortSignal): Promise<RawReading | undefined> {
    const { path, pause } = this.#options;
    let before = first;
    let isAtRest = false;
    for (const pauseMs of REREAD_MS) {
      const bytes = await this.#whileWanted(signal, async () => {
        await pause(pauseMs);
        signal.throwIfAborted();
        return this.#isRemote ? this.#apart.read(signal) : this.#readNow(signal);
      });
      if (bytes === undefined) return undefined;
      if (!this.#isHalfWritten(bytes)) return this.#raw(bytes);
      isAtRest = bytes.equals(before);
      before = bytes;
    }
    // What stands there unchanged only looked like JSON, unless the file is known to hold it.
    if (isAtRest && !this.#mustBeJson && !this.#hadJson) return this.#raw(before);
    const what = before.length === 0 ? 'it is empty' : 'it is half-written, or no JSON';
    throw new SluiceError('reading_invalid', `${path}: ${what}, though it was read again and again`);
  }

  get #mustBeJson(): boolean {
    const { format } = this.#options;
    return format === 'json' || (format === 'auto' && this.#extension === 'json');
  }

  #isHalfWritten(bytes: Buffer): boolean {
    const { format } = this.#options;
    if (format === 'text' || format === 'binary') return false;
    return isHalfWritten(bytes, { mustBeJson: this.#mustBeJson, hadJson: this.#hadJson });
  }

  #raw(bytes: Buffer): RawReading {
    this.#hadJson ||= bytes[0] === BRACE || bytes[0] === BRACKET;
    return this.#extension === undefined ? { bytes } : { bytes, extension: this.#extension };
  }

  #failureOf(error: unknown): SluiceError {
    const { path } = this.#options;
    const failure = readingFailure(error, { operation: 'read', subject: path });
    return failure.code === 'answer_too_large' && !failure.message.startsWith(path)
      ? new SluiceError('answer_too_large', `${path}: ${failure.message}`, { cause: error })
      : failure;
  }
}

const BRACE = 0x7b;
const BRACKET = 0x5b;
/** Non-blocking: opening a FIFO that nobody writes would wait for ever. A terminal does not become ours. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const scratch = Buffer.allocUnsafe(FIRST_BYTES);

/**
 * @returns undefined where it is to be read in the pool: it is no regular file, nothing is there now (EAGAIN), or
 * `isTooLate` says so before its end is reached
 */
function readWhole(path: string, isTooLate: () => boolean): Buffer | undefined {
  const descriptor = openSync(path, FLAGS);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile() && !stats.isDirectory()) return undefined;
    const pieces = new Pieces(MAX_READING_BYTES);
    pieces.expect(stats.size);
    let buffer = scratch;
    for (;;) {
      const length = readSync(descriptor, buffer, 0, buffer.length, null);
      if (length === 0) return pieces.whole();
      pieces.add(buffer.subarray(0, length));
      if (length === buffer.length && buffer === scratch) buffer = Buffer.allocUnsafe(pieceFor(stats));
      if (isTooLate()) return undefined;
    }
  } catch (error) {
    if (hasNothingNow(error)) return undefined;
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Bytes for the pieces after the first: as many as the file says that it has, and one to find its end. */
function pieceFor({ size }: Stats): number {
  return Math.min(PIECE_BYTES, Math.max(FIRST_BYTES, size - FIRST_BYTES + 1));
}

/** @returns undefined where a device or pipe has nothing now */
async function readToEnd(handle: FileHandle, stats: Stats, signal: AbortSignal): Promise<Buffer | undefined> {
  const pieces = new Pieces(MAX_READING_BYTES);
  pieces.expect(stats.isFile() ? stats.size : 0);
  const buffer = Buffer.allocUnsafe(stats.isFile() ? pieceFor(stats) : DEVICE_BYTES);
  for (;;) {
    signal.throwIfAborted();
    const length = await readPiece(handle, buffer);
    if (length === 'nothing now' && pieces.bytes === 0) return undefined;
    if (length === 'nothing now' || length === 0) break;
    pieces.add(buffer.subarray(0, length));
  }
  return pieces.bytes === 0 && !stats.isFile() ? undefined : pieces.whole();
}

async function readPiece(handle: FileHandle, buffer: Buffer): Promise<number | 'nothing now'> {
  try {
    return (await handle.read(buffer, 0, buffer.length, null)).bytesRead;
  } catch (error) {
    if (hasNothingNow(error)) return 'nothing now';
    throw error;
  }
}

function hasNothingNow(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN';
}
