import { constants as osConstants } from 'node:os';

/**
 * The few calls of the C library that Node does not offer, through koffi (a prebuilt foreign function
 * interface). This file alone knows it. Numbers are those of the Linux headers.
 */
export interface Libc {
  /** A new inotify queue, non-blocking, closed on exec. Throws when the user has too many (inotify(7)). */
  openInotify(): number;
  /** A counter to wake a sleeping `poll` with (eventfd(2)). */
  openWake(): number;
  /** Returns the watch descriptor, the same one as before for a directory that has one, or minus the errno. */
  addWatch(inotify: number, path: string, mask: number): number;
  /** Ends a watch; one that has ended already is no error. */
  removeWatch(inotify: number, watch: number): void;
  /** Fills `buffer` with what waits; returns its length, 0 when nothing does. */
  read(descriptor: number, buffer: Buffer): number;
  /** Blocks this thread until one of the descriptors can be read or `timeoutMs` has passed. */
  poll(descriptors: readonly number[], timeoutMs: number): void;
  /**
   * Takes a read lease, runs `whileHeld`, and gives the lease back (fcntl(2), "Leases"). The kernel refuses
   * it while anybody has the file open for writing, or mapped so. Nobody can open it for writing meanwhile.
   * @returns 0, or the errno of the refusal: EAGAIN a writer, others no answer on this file system or for this owner
   */
  withReadLease(descriptor: number, whileHeld: () => void): number;
  close(descriptor: number): void;
}

const NONBLOCK = 0o4000;
const CLOEXEC = 0o2000000;
const POLLIN = 1;
const F_SETSIG = 10;
const F_SETLEASE = 1024;
const F_RDLCK = 0;
const F_UNLCK = 2;

type Call<Arguments extends unknown[]> = (...args: Arguments) => number;

/**
 * Loads koffi and finds the calls. May be called in every thread.
 * @param moduleName what to import, so that a test can see it missing
 * @throws Error when this is not Linux, koffi is missing or does not load, or a call is not there
 */
export async function loadLibc(moduleName = 'koffi'): Promise<Libc> {
  if (process.platform !== 'linux') throw new Error(`inotify is Linux only, this is ${process.platform}`);
  const koffi: typeof import('koffi') = await import(moduleName);
  // The running process itself: finds glibc and musl alike.
  const library = koffi.load(null);
  const inotifyInit: Call<[number]> = library.func('int inotify_init1(int flags)');
  const inotifyAdd: Call<[number, string, number]> = library.func(
    'int inotify_add_watch(int fd, const char *path, uint32_t mask)',
  );
  const inotifyRemove: Call<[number, number]> = library.func('int inotify_rm_watch(int fd, int wd)');
  const eventfd: Call<[number, number]> = library.func('int eventfd(unsigned int start, int flags)');
  const read: Call<[number, Buffer, number]> = library.func(
    'intptr_t read(int fd, void *buffer, size_t bytes)',
  );
  const poll: Call<[Buffer, number, number]> = library.func(
    'int poll(void *fds, unsigned long count, int timeoutMs)',
  );
  const fcntl: Call<[number, number, 'int', number]> = library.func('int fcntl(int fd, int command, ...)');
  const close: Call<[number]> = library.func('int close(int fd)');

  const opened = (what: string, descriptor: number): number => {
    if (descriptor >= 0) return descriptor;
    const code = errorName(koffi.errno());
    throw Object.assign(new Error(`${what} failed: ${code}`), { code });
  };
  return {
    openInotify: () => opened('inotify_init1', inotifyInit(NONBLOCK | CLOEXEC)),
    openWake: () => opened('eventfd', eventfd(0, NONBLOCK | CLOEXEC)),
    addWatch: (inotify, path, mask) => {
      const watch = inotifyAdd(inotify, path, mask);
      return watch >= 0 ? watch : -koffi.errno();
    },
    removeWatch: (inotify, watch) => void inotifyRemove(inotify, watch),
    read: (descriptor, buffer) => Math.max(0, read(descriptor, buffer, buffer.length)),
    poll: (descriptors, timeoutMs) => void poll(pollSet(descriptors), descriptors.length, timeoutMs),
    withReadLease: (descriptor, whileHeld) => {
      // When a writer comes while the lease is held, the kernel signals us. SIGIO, the default, would end the process.
      fcntl(descriptor, F_SETSIG, 'int', osConstants.signals.SIGURG);
      if (fcntl(descriptor, F_SETLEASE, 'int', F_RDLCK) !== 0) {
        // A refusal whose reason got lost must never read as 0, a grant.
        return koffi.errno() || osConstants.errno.EAGAIN;
      }
      try {
        whileHeld();
      } finally {
        fcntl(descriptor, F_SETLEASE, 'int', F_UNLCK);
      }
      return 0;
    },
    close: descriptor => void close(descriptor),
  };
}

/** An array of `struct pollfd`: descriptor, wanted events, returned events. */
function pollSet(descriptors: readonly number[]): Buffer {
  const words = new Int32Array(descriptors.length * 2);
  const halves = new Int16Array(words.buffer);
  for (const [index, descriptor] of descriptors.entries()) {
    words[index * 2] = descriptor;
    halves[index * 4 + 2] = POLLIN;
  }
  return Buffer.from(words.buffer);
}

/** `EAGAIN` for 11. */
export function errorName(errno: number): string {
  const known = Object.entries(osConstants.errno).find(([, number]) => number === errno);
  return known?.[0] ?? `errno ${errno}`;
}
