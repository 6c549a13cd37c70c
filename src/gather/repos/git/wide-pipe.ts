import { closeSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The most that Linux gives without privileges (/proc/sys/fs/pipe-max-size). */
const PIPE_BYTES = 2 ** 20;

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
 * A pipe for the output of a process that writes much: it holds 1 MiB (Node's own hold less than 200 KiB), so the
 * process goes on while its reader is busy for some milliseconds, and it is read by its descriptor, in any thread.
 *
 *   open ──started()──▶ the process alone can write ──close()──▶ closed
 */
export class WidePipe {
  /** Of the reading end, which never blocks (EAGAIN: nothing there yet). */
  readonly readFd: number;
  readonly #writeFd: number;
  #isClosed = false;
  #isStarted = false;

  constructor(readFd: number, writeFd: number) {
    this.readFd = readFd;
    this.#writeFd = writeFd;
  }

  /** For the `stdio` of the process. */
  get target(): number {
    return this.#writeFd;
  }

  /** The process has been started, or never will be: closes our copy of the writing end. May be repeated. */
  started(): void {
    if (!this.#isStarted) closeSync(this.#writeFd);
    this.#isStarted = true;
  }

  /**
   * Closes the reading end, which nobody may read any more; a process that still writes is ended by SIGPIPE. May be
   * repeated.
   */
  close(): void {
    this.started();
    if (!this.#isClosed) closeSync(this.readFd);
    this.#isClosed = true;
  }
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
  // Only our end: the two are separate descriptions. A read must never block a thread that may be asked to end.
  libc.fcntl(readFd, F_SETFL, libc.fcntl(readFd, F_GETFL, 0) | O_NONBLOCK);
  return new WidePipe(readFd, writeFd);
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
