import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../../base/durable-files.ts';
import { asSluiceError } from '../../../base/errors.ts';
import { makeFolder } from '../../../base/files/make-folder.ts';
import { Serializer } from '../../../base/serializer.ts';
import type { ReadingTimes } from '../reading.ts';
import { IN_PROGRESS } from './names.ts';

/** Some ten readings; it grows with what comes between two flushes. */
const FIRST_BUFFER_BYTES = 4096;

/** What a finished file holds. */
export interface LineTotals {
  readonly readings: number;
  readonly bytes: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/**
 * One file of readings in progress:
 *
 *   in memory ──first flush──▶ NAME.ndjson.prog ──complete──▶ NAME.ndjson
 *
 * Lines are gathered in memory and written where the last ones ended, so that a write that failed half-way (a full
 * disk) is simply done again. Operations go one after the other; one that failed may be called again and loses nothing.
 */
export class LineFile {
  /** Its final path. */
  readonly path: string;
  /**
   * Lines that are not written yet. Bytes, not strings: what a collector keeps for a second must not burden the garbage
   * collector.
   */
  #buffer = Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES);
  #pendingBytes = 0;
  #size = 0;
  #readings = 0;
  #pendingReadings = 0;
  #firstAtMs = 0;
  #lastAtMs = 0;
  #handle: FileHandle | undefined;
  #written = 0;
  #synced = 0;
  readonly #operations = new Serializer();

  constructor(path: string) {
    this.path = path;
  }

  /** Bytes of all its lines, written or not. */
  get size(): number {
    return this.#size;
  }

  get readings(): number {
    return this.#readings;
  }

  /** Readings that are in memory alone. */
  get pendingReadings(): number {
    return this.#pendingReadings;
  }

  /** Bytes that are in memory alone. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** What it takes in memory. */
  get memoryBytes(): number {
    return this.#buffer.length;
  }

  /** @param bytes length of the line in UTF-8 */
  append(line: string, bytes: number, times: ReadingTimes): void {
    const pendingBytes = this.#pendingBytes + bytes;
    if (pendingBytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(pendingBytes, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, this.#pendingBytes);
      this.#buffer = larger;
    }
    this.#buffer.write(line, this.#pendingBytes);
    this.#pendingBytes = pendingBytes;
    this.#size += bytes;
    if (this.#readings === 0) this.#firstAtMs = times.requestedAtMs;
    this.#readings += 1;
    this.#pendingReadings += 1;
    this.#lastAtMs = times.receivedAtMs;
  }

  /**
   * Hands all lines to the system, so that they survive the process.
   * @param sync whether they are forced onto the disk as well, so that they survive a power cut
   * @throws SluiceError disk_full, disk_failed
   */
  flush(sync: boolean): Promise<void> {
    if (this.#pendingBytes === 0 && !(sync && this.#synced < this.#written)) return Promise.resolve();
    return this.#serialize(() => this.#flush(sync));
  }

  /** Makes it a complete file, all on the disk but its new name. @throws SluiceError disk_full, disk_failed */
  complete(): Promise<LineTotals> {
    return this.#serialize(async () => {
      await this.#flush(true);
      await this.#handle?.close();
      this.#handle = undefined;
      await rename(this.path + IN_PROGRESS, this.path);
      return {
        readings: this.#readings,
        bytes: this.#size,
        firstAtMs: this.#firstAtMs,
        lastAtMs: this.#lastAtMs,
      };
    });
  }

  /** Lets go of it as it stands; what is on the disk is found by the next start. */
  async abandon(): Promise<void> {
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
  }

  async #flush(sync: boolean): Promise<void> {
    const bytes = this.#pendingBytes;
    const readings = this.#pendingReadings;
    const isNew = this.#written === 0;
    if (bytes > 0) {
      this.#handle ??= await create(this.path + IN_PROGRESS);
      const buffer = this.#buffer;
      for (let offset = 0; offset < bytes; ) {
        const position = this.#written + offset;
        const { bytesWritten } = await this.#handle.write(buffer, offset, bytes - offset, position);
        offset += bytesWritten;
      }
      this.#written += bytes;
      // More may have come while it was written, behind what was there or in a larger buffer.
      this.#buffer.copyWithin(0, bytes, this.#pendingBytes);
      this.#pendingBytes -= bytes;
      this.#pendingReadings -= readings;
    }
    if (!sync || this.#synced === this.#written) return;
    const upTo = this.#written;
    await this.#handle?.datasync();
    if (isNew || this.#synced === 0) await syncFolder(dirname(this.path));
    this.#synced = upTo;
  }

  #serialize<T>(operation: () => Promise<T>): Promise<T> {
    return this.#operations.run(async () => {
      try {
        return await operation();
      } catch (error) {
        throw asSluiceError(error, { operation: 'write readings', subject: this.path });
      }
    });
  }
}

async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await makeFolder(dirname(path));
    return open(path, 'wx');
  }
}
