import { closeSync, fstatSync, read, readSync, type Stats } from 'node:fs';
import { asFileError } from '../errors.ts';

/**
 * A file that is open for reading: whatever happens to its name, this is what is read, to the end.
 *
 *   open ──close()──▶ closing: reads under way end, no other begins ──▶ closed (final)
 */
export class OpenedFile {
  /** Where it lay when it was opened; for messages. */
  readonly path: string;
  /** As it was opened. */
  readonly stats: Stats;
  readonly #descriptor: number;
  #reads = 0;
  #isClosing = false;

  /** Owns the descriptor from now on. */
  constructor(path: string, descriptor: number, stats: Stats) {
    this.path = path;
    this.#descriptor = descriptor;
    this.stats = stats;
  }

  /** Bytes read into the buffer; 0 at the end. Throws disk_failed, and EBADF once it is closed. */
  readNow(buffer: Buffer, offset: number, length: number, position: number): number {
    this.#assertOpen();
    try {
      return readSync(this.#descriptor, buffer, offset, length, position);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** As `readNow`, on another thread. */
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      this.#reads += 1;
      read(this.#descriptor, buffer, offset, length, position, (error, bytes) => {
        this.#reads -= 1;
        if (this.#isClosing && this.#reads === 0) closeSync(this.#descriptor);
        if (error) reject(this.#failed(error));
        else resolve(bytes);
      });
    });
  }

  /** As it is now. */
  stat(): Stats {
    this.#assertOpen();
    try {
      return fstatSync(this.#descriptor);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** What works with the descriptor itself: it must not outlive the call. */
  withDescriptor<Result>(work: (descriptor: number) => Result): Result {
    this.#assertOpen();
    return work(this.#descriptor);
  }

  /** May be called again. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#reads === 0) closeSync(this.#descriptor);
  }

  /** A mount that fails here must not be taken for the network that the file is sent over. */
  #failed(error: unknown): Error {
    return asFileError(error, { operation: 'read', subject: this.path });
  }

  #assertOpen(): void {
    if (this.#isClosing) throw Object.assign(new Error(`EBADF: ${this.path} is closed`), { code: 'EBADF' });
  }
}
