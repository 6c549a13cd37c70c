import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { constants as osConstants } from 'node:os';
import { getSystemErrorName } from 'node:util';

/**
 * Calls of the system by which a file is reached from a directory that is held open, so that nobody who renames what
 * lies on the way can lead elsewhere. None follows a link: neither at the end of a path nor on its way. Descriptors
 * that are returned are the caller's to close. All throw as Node's own calls do, with `code` and `errno`; a link on the
 * way is ELOOP, or ENOTDIR.
 */
export interface FileCalls {
  /** Opens what lies at `path` beneath `directory`; EXDEV where the path leads out of it. Never blocks on a pipe. */
  openBeneath(directory: number, path: string, flags: number): number;
  /** renameat(2); with `keep`, EEXIST where the new name is taken. Both names are single segments. */
  renameAt(from: DirectoryEntryAt, to: DirectoryEntryAt, keep: boolean): void;
  /** unlinkat(2) of a file. */
  unlinkAt(entry: DirectoryEntryAt): void;
  /** Removes an empty directory. */
  rmdirAt(entry: DirectoryEntryAt): void;
  /** mkdirat(2). */
  mkdirAt(entry: DirectoryEntryAt): void;
  /** Gives `to` the content of `from` by sharing its blocks (ioctl_ficlone(2)). @returns whether that was done */
  shareBlocks(from: number, to: number): boolean;
  /**
   * Locks what is open without waiting, until its descriptor is closed or the process ends (flock(2)).
   * @param isExclusive keeps all others out; else only those that want to be alone
   * @returns `taken` where another has it; `unknown` where this system or file system has no such locks
   */
  lock(descriptor: number, isExclusive: boolean): 'locked' | 'taken' | 'unknown';
}

/** A name in a directory that is held open. */
export interface DirectoryEntryAt {
  readonly directory: number;
  readonly name: string;
}

/** Looks at a file without opening it for reading, where the system can; see open(2), O_PATH. */
export const O_PATH = process.platform === 'linux' ? 0o10000000 : constants.O_RDONLY;
/** Never through a link, never inherited by a child process. */
const UNLINKED = (constants.O_NOFOLLOW ?? 0) | closeOnExec();
/** For openings that are more than a look: no waiting for the other end of a pipe, no controlling terminal. */
const UNBLOCKED = UNLINKED | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** The flags with what every opening has; openat2(2) takes no others together with O_PATH. */
function safely(flags: number): number {
  const isLook = process.platform === 'linux' && (flags & O_PATH) !== 0;
  return flags | (isLook ? UNLINKED : UNBLOCKED);
}

/** Node sets it on its own descriptors; ours must not reach child processes either. */
function closeOnExec(): number {
  return process.platform === 'linux' ? 0o2000000 : 0x1000000;
}

/** openat2(2), the same number on every architecture of Linux. */
const SYS_OPENAT2 = 437;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_BENEATH = 0x08;
/** renameat2(2). */
const RENAME_NOREPLACE = 1;
/** unlinkat(2): the entry is a directory. */
const AT_REMOVEDIR = process.platform === 'linux' ? 0x200 : 0x80;

const { EAGAIN, EWOULDBLOCK, EINVAL, ENOENT, ENOSYS, EPERM, EXDEV, ENOTDIR } = osConstants.errno;

/**
 * A failed call as Node reports its own.
 * @param errno positive
 */
export function callError(errno: number, call: string, path: string): NodeJS.ErrnoException {
  const code = nameOfErrno(errno);
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, errno: -errno, syscall: call, path });
}

function nameOfErrno(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `errno ${errno}`;
  }
}

/**
 * Opens beneath a directory one segment after another, each without following a link: where the system has no openat2.
 * @param openAt opens a single name in a directory
 */
export function openStepwise(
  directory: number,
  path: string,
  flags: number,
  openAt: (entry: DirectoryEntryAt, flags: number) => number,
): number {
  const segments = path.split('/').filter(segment => segment !== '' && segment !== '.');
  if (segments.includes('..') || path.startsWith('/')) throw callError(EXDEV, 'open', path);
  const last = segments.pop() ?? '.';
  let at = directory;
  try {
    for (const name of segments) {
      const next = openAt({ directory: at, name }, O_PATH | constants.O_DIRECTORY);
      if (at !== directory) closeSync(at);
      at = next;
    }
    return openAt({ directory: at, name: last }, flags);
  } finally {
    if (at !== directory) closeSync(at);
  }
}

/** By Linux's own names for open descriptors, `/proc/self/fd/N/name`: where there is no foreign function interface. */
export const procFileCalls: FileCalls = {
  openBeneath: (directory, path, flags) =>
    openStepwise(directory, path, flags, (entry, wanted) => openSync(procPath(entry), safely(wanted))),
  renameAt(from, to, keep) {
    if (keep && isTaken(to)) throw callError(osConstants.errno.EEXIST, 'rename', to.name);
    renameSync(procPath(from), procPath(to));
  },
  unlinkAt: entry => unlinkSync(procPath(entry)),
  rmdirAt: entry => rmdirSync(procPath(entry)),
  mkdirAt: entry => void mkdirSync(procPath(entry)),
  shareBlocks: () => false,
  lock: () => 'unknown',
};

function procPath({ directory, name }: DirectoryEntryAt): string {
  return `/proc/self/fd/${directory}/${name}`;
}

function isTaken(entry: DirectoryEntryAt): boolean {
  try {
    closeSync(openSync(procPath(entry), safely(O_PATH)));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

/** What koffi calls; -1 says that `errno` has the reason. */
interface NativeCalls {
  readonly openat2:
    | ((number: number, directory: number, path: string, how: Buffer, bytes: number) => number)
    | undefined;
  readonly openat: (directory: number, path: string, flags: number) => number;
  readonly renameat: (from: number, fromName: string, to: number, toName: string) => number;
  readonly renameat2:
    | ((from: number, fromName: string, to: number, toName: string, flags: number) => number)
    | undefined;
  readonly unlinkat: (directory: number, name: string, flags: number) => number;
  readonly mkdirat: (directory: number, name: string, mode: number) => number;
  readonly ioctl: ((descriptor: number, request: number, argument: number) => number) | undefined;
  readonly flock: ((descriptor: number, operation: number) => number) | undefined;
  readonly errno: () => number;
}

/** Found by koffi in the running process, glibc and musl alike. Throws what koffi throws. */
function loadNativeCalls(): NativeCalls {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(null);
  const optional = <Call>(declaration: string): Call | undefined => {
    try {
      return library.func(declaration) as Call;
    } catch {
      return undefined;
    }
  };
  const isLinux = process.platform === 'linux';
  return {
    openat2: isLinux
      ? optional('long syscall(long number, int directory, const char *path, void *how, size_t bytes)')
      : undefined,
    // Variadic in C for the mode of a new file; we make none.
    openat: library.func(
      'int openat(int directory, const char *path, int flags, ...)',
    ) as NativeCalls['openat'],
    renameat: library.func('int renameat(int from, const char *fromName, int to, const char *toName)'),
    renameat2: isLinux
      ? optional(
          'int renameat2(int from, const char *fromName, int to, const char *toName, unsigned int flags)',
        )
      : undefined,
    unlinkat: library.func('int unlinkat(int directory, const char *name, int flags)'),
    mkdirat: library.func('int mkdirat(int directory, const char *name, unsigned int mode)'),
    ioctl:
      isLinux && KNOWS_FICLONE.has(process.arch)
        ? optional('int ioctl(int descriptor, unsigned long request, int argument)')
        : undefined,
    flock: optional('int flock(int descriptor, int operation)'),
    errno: () => koffi.errno(),
  };
}

/** Architectures with this number for FICLONE (linux/fs.h, asm-generic/ioctl.h). */
const KNOWS_FICLONE: ReadonlySet<string> = new Set([
  'x64',
  'arm64',
  'ia32',
  'arm',
  'riscv64',
  's390x',
  'loong64',
]);
const FICLONE = 0x40049409;

/** flock(2). */
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

/** struct open_how { u64 flags, mode, resolve }. */
const HOW_BYTES = 24;

/**
 * The calls of the C library. Throws what koffi throws where it cannot be loaded.
 * @param options.withoutNewCalls as where openat2 and renameat2 are not known
 */
export function nativeFileCalls({ withoutNewCalls = false } = {}): FileCalls {
  const native = loadNativeCalls();
  const how = new BigUint64Array(3);
  how[2] = BigInt(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  const howBytes = Buffer.from(how.buffer);
  let hasOpenat2 = native.openat2 !== undefined && !withoutNewCalls;
  let hasRenameat2 = native.renameat2 !== undefined && !withoutNewCalls;

  const checked = (result: number, call: string, path: string): number => {
    if (result >= 0) return Number(result);
    throw callError(native.errno(), call, path);
  };
  const openAt = ({ directory, name }: DirectoryEntryAt, flags: number): number =>
    checked(native.openat(directory, name, safely(flags)), 'openat', name);
  return {
    openBeneath(directory, path, flags) {
      if (hasOpenat2) {
        how[0] = BigInt(safely(flags));
        for (let attempt = 1; ; attempt += 1) {
          const descriptor = Number(native.openat2?.(SYS_OPENAT2, directory, path, howBytes, HOW_BYTES));
          if (descriptor >= 0) return descriptor;
          const errno = native.errno();
          // The kernel could not be sure while somebody renamed on the way: openat2(2) asks to try again.
          if (errno === EAGAIN && attempt < OPEN_TRIES) continue;
          // An old kernel, or a container's filter that knows no such call.
          if (errno === ENOSYS || (errno === EPERM && !isAllowed(how, native))) {
            hasOpenat2 = false;
            break;
          }
          throw callError(errno, 'openat2', path);
        }
      }
      return openStepwise(directory, path, flags, openAt);
    },
    renameAt(from, to, keep) {
      if (keep && hasRenameat2) {
        const result = Number(
          native.renameat2?.(from.directory, from.name, to.directory, to.name, RENAME_NOREPLACE),
        );
        if (result === 0) return;
        const errno = native.errno();
        if (errno !== ENOSYS && errno !== EINVAL) throw callError(errno, 'rename', from.name);
        // Old kernels, and file systems such as NFS, know no flags.
        hasRenameat2 = errno !== ENOSYS;
      }
      if (keep) assertFree(to, openAt);
      checked(native.renameat(from.directory, from.name, to.directory, to.name), 'rename', from.name);
    },
    unlinkAt: ({ directory, name }) => void checked(native.unlinkat(directory, name, 0), 'unlink', name),
    rmdirAt: ({ directory, name }) =>
      void checked(native.unlinkat(directory, name, AT_REMOVEDIR), 'rmdir', name),
    lock(descriptor, isExclusive) {
      const operation = (isExclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
      if (native.flock?.(descriptor, operation) === 0) return 'locked';
      return native.flock && native.errno() === EWOULDBLOCK ? 'taken' : 'unknown';
    },
    shareBlocks: (from, to) => native.ioctl?.(to, FICLONE, from) === 0,
    mkdirAt: ({ directory, name }) => void checked(native.mkdirat(directory, name, 0o777), 'mkdir', name),
  };
}

const OPEN_TRIES = 16;

/** Whether openat2 is allowed at all: EPERM may also be said of the file at hand. */
function isAllowed(how: BigUint64Array, native: NativeCalls): boolean {
  const here = openSync('.', O_PATH);
  try {
    how[0] = BigInt(O_PATH | constants.O_DIRECTORY);
    const bytes = Buffer.from(how.buffer);
    const descriptor = Number(native.openat2?.(SYS_OPENAT2, here, '.', bytes, HOW_BYTES));
    if (descriptor >= 0) closeSync(descriptor);
    return descriptor >= 0;
  } finally {
    closeSync(here);
  }
}

function assertFree(
  entry: DirectoryEntryAt,
  openAt: (entry: DirectoryEntryAt, flags: number) => number,
): void {
  let descriptor: number;
  try {
    descriptor = openAt(entry, O_PATH);
  } catch (error) {
    if (-((error as NodeJS.ErrnoException).errno ?? 0) === ENOENT) return;
    if (-((error as NodeJS.ErrnoException).errno ?? 0) === ENOTDIR) throw error;
    throw callError(osConstants.errno.EEXIST, 'rename', entry.name);
  }
  closeSync(descriptor);
  throw callError(osConstants.errno.EEXIST, 'rename', entry.name);
}

let found: FileCalls | undefined;

/**
 * The calls of this machine: the C library's, else those of `/proc`.
 * @throws Error where there is neither
 */
export function fileCalls(): FileCalls {
  found ??= findFileCalls();
  return found;
}

function findFileCalls(): FileCalls {
  try {
    return nativeFileCalls();
  } catch (error) {
    if (!existsSync('/proc/self/fd')) throw error;
    return procFileCalls;
  }
}
