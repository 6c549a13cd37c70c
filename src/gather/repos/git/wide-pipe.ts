import { closeSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';

/** The most that Linux gives without privileges (/proc/sys/fs/pipe-max-size). */
const PIPE_BYTES = 2 ** 20;
/** Between two looks: git writes some 100 KiB meanwhile, so that each look is worth its price. */
const POLL_MS = 2;

/** fcntl commands and flags of Linux, the same on every architecture that Node runs on. */
const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;
const F_GETFL = 3;
const F_SETFL = 4;
const F_SETPIPE_SZ = 1031;

interface Libc {
  readonly pipe2: (descriptors: number[], flags: number) => number;
  readonly fcntl: (descriptor: number, command: number, argument: number) => number;
}

let libc: Libc | undefined;

/**
 * A pipe for the output of a process that writes much, in small pieces. It holds 1 MiB (Node's own hold less
 * than 200 KiB), so the process goes on while the reader is busy for some milliseconds; and it is looked at
 * every two milliseconds instead of at every piece: reading 70 MB that git writes 4 KiB at a time costs a
 * fifth of the processor time.
 */
export interface WidePipe {
  /** For the `stdio` of the process; must be closed with `started` once it has been started. */
  readonly writeFd: number;
  /** Closes our copy of the writing end: the process alone holds it now. */
  started(): void;
  /** Ends when the process has closed its end and all is read. Destroying it closes the pipe. */
  readonly stdout: Readable;
}

/** Opens one, on Linux; undefined elsewhere, and where descriptors or libc are not to be had. */
export function openWidePipe(): WidePipe | undefined {
  if (process.platform !== 'linux') return undefined;
  const descriptors = [-1, -1];
  try {
    libc ??= loadLibc();
    if (libc.pipe2(descriptors, O_CLOEXEC) !== 0) return undefined;
  } catch {
    // No native addon for this machine: an ordinary pipe does the same, slower.
    return undefined;
  }
  const [readFd = -1, writeFd = -1] = descriptors;
  // Refused when the user has too many pipes open; then it stays as it is.
  libc.fcntl(readFd, F_SETPIPE_SZ, PIPE_BYTES);
  // Only our end: the two are separate descriptions. A read must never block the thread.
  libc.fcntl(readFd, F_SETFL, libc.fcntl(readFd, F_GETFL, 0) | O_NONBLOCK);
  return { writeFd, started: () => closeSync(writeFd), stdout: new PolledPipe(readFd) };
}

/**
 * Loads what a wide pipe needs, which takes some 15 ms: for calling while waiting for something else. May be
 * repeated; where it cannot be had, `openWidePipe` answers so.
 */
export function prepareWidePipe(): void {
  if (process.platform !== 'linux') return;
  try {
    libc ??= loadLibc();
  } catch {
    // openWidePipe tries again, and does without.
  }
}

function loadLibc(): Libc {
  // Loaded when the first large history is read, not with the program: it takes some 15 ms.
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(null);
  return {
    pipe2: library.func('int pipe2(_Out_ int *descriptors, int flags)'),
    fcntl: library.func('int fcntl(int descriptor, int command, int argument)'),
  };
}

/** Reads what has gathered, then waits a little for more. */
class PolledPipe extends Readable {
  readonly #descriptor: number;
  readonly #buffer = Buffer.allocUnsafeSlow(PIPE_BYTES);
  #timer: NodeJS.Timeout | undefined;

  constructor(descriptor: number) {
    super({ highWaterMark: PIPE_BYTES });
    this.#descriptor = descriptor;
  }

  override _read(): void {
    // Not at once: push() calls for the next read, and the reader shall have its turn first.
    this.#timer ??= setTimeout(() => this.#look(), POLL_MS);
  }

  #look(): void {
    this.#timer = undefined;
    let bytes: number;
    try {
      bytes = readSync(this.#descriptor, this.#buffer, 0, PIPE_BYTES, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') this._read();
      else this.destroy(error as Error);
      return;
    }
    this.push(bytes === 0 ? null : Buffer.from(this.#buffer.subarray(0, bytes)));
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    closeSync(this.#descriptor);
    callback(error);
  }
}
