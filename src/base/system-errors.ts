import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

/**
 * What a failed call of the operating system says, told by its number: Node names only some of them, and calls the
 * others `UNKNOWN` or `Unknown system error -116`.
 */
export interface SystemFailure {
  /** `ESTALE`; `errno 999` where nobody has a name for it. */
  readonly name: string;
  /** In words, as the system's manual has it. */
  readonly words: string;
  /** Whether it was raised by the network, not by work with a file. */
  readonly from: 'network' | 'files';
  readonly says: SystemFailureMeaning;
}

/**
 * What it speaks of.
 *
 * - `room`: no room is left on the disk, or none of the user's share of it.
 * - `place`: a disk, mount or device; nothing is said of the file.
 * - `short`: this machine, or this process by its limits, has too little left of something that passes: open files, memory.
 * - `item`: this file, path or request; another one may succeed.
 * - `no-address`, `no-answer`, `broken`, `late`: of the network, what became of the connection.
 */
export type SystemFailureMeaning =
  | 'room'
  | 'place'
  | 'short'
  | 'item'
  | 'no-address'
  | 'no-answer'
  | 'broken'
  | 'late';

/** Numbers of Linux that neither Node nor libuv names (errno(3), include/uapi/asm-generic/errno.h). */
const LINUX_NAMES: Readonly<Record<number, readonly [name: string, words: string]>> = {
  44: ['ECHRNG', 'channel number out of range'],
  50: ['ENOCSI', 'no CSI structure available'],
  52: ['EBADE', 'invalid exchange'],
  53: ['EBADR', 'invalid request descriptor'],
  54: ['EXFULL', 'exchange full'],
  57: ['EBADSLT', 'invalid slot'],
  64: ['ENONET', 'machine is not on the network'],
  66: ['EREMOTE', 'object is remote'],
  67: ['ENOLINK', 'link has been severed'],
  68: ['EADV', 'advertise error'],
  69: ['ESRMNT', 'srmount error'],
  70: ['ECOMM', 'communication error on send'],
  72: ['EMULTIHOP', 'multihop attempted'],
  73: ['EDOTDOT', 'RFS specific error'],
  74: ['EBADMSG', 'the data on the medium does not match its checksum'],
  76: ['ENOTUNIQ', 'name not unique on network'],
  77: ['EBADFD', 'file descriptor in bad state'],
  78: ['EREMCHG', 'remote address changed'],
  85: ['ERESTART', 'interrupted system call should be restarted'],
  86: ['ESTRPIPE', 'streams pipe error'],
  87: ['EUSERS', 'too many users'],
  108: ['ESHUTDOWN', 'transport endpoint has been shut down'],
  112: ['EHOSTDOWN', 'host is down'],
  116: ['ESTALE', 'stale file handle'],
  117: ['EUCLEAN', 'the file system is damaged and needs a check'],
  119: ['ENAVAIL', 'no semaphores available'],
  120: ['EISNAM', 'is a named type file'],
  121: ['EREMOTEIO', 'remote I/O error'],
  122: ['EDQUOT', 'disk quota exceeded'],
  123: ['ENOMEDIUM', 'no medium found'],
  124: ['EMEDIUMTYPE', 'wrong medium type'],
  126: ['ENOKEY', 'required key not available'],
  127: ['EKEYEXPIRED', 'key has expired'],
  128: ['EKEYREVOKED', 'key has been revoked'],
  129: ['EKEYREJECTED', 'key was rejected by service'],
  130: ['EOWNERDEAD', 'owner died'],
  131: ['ENOTRECOVERABLE', 'state not recoverable'],
  132: ['ERFKILL', 'operation not possible due to RF-kill'],
  133: ['EHWPOISON', 'memory page has a hardware error'],
  // Of the kernel alone; file systems of a network let them through (include/linux/errno.h).
  521: ['EBADHANDLE', 'illegal NFS file handle'],
  523: ['EBADCOOKIE', 'cookie is stale'],
  524: ['ENOTSUPP', 'operation is not supported'],
  526: ['ESERVERFAULT', 'the NFS server failed'],
  528: ['EJUKEBOX', 'the NFS server asks for patience'],
};

const ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** Whatever is not here speaks of the place: unknown numbers end nothing. */
const ITEM: ReadonlySet<string> = new Set([
  'E2BIG',
  'EACCES',
  'EAGAIN',
  'EBADF',
  'EBADFD',
  'EBUSY',
  'ECANCELED',
  'ECHILD',
  'EDEADLK',
  'EDOM',
  'EEXIST',
  'EFAULT',
  'EFBIG',
  'EFTYPE',
  'EILSEQ',
  'EINTR',
  'EINVAL',
  'EISDIR',
  'ELOOP',
  'EMLINK',
  'ENAMETOOLONG',
  'ENODATA',
  'ENOENT',
  'ENOEXEC',
  'ENOSYS',
  'ENOTBLK',
  'ENOTDIR',
  'ENOTEMPTY',
  'ENOTSUP',
  'ENOTSUPP',
  'ENOTTY',
  'EOPNOTSUPP',
  'EOVERFLOW',
  'EPERM',
  'ERANGE',
  'ERESTART',
  'ESPIPE',
  'ESRCH',
  'ETXTBSY',
  'EWOULDBLOCK',
  'EXDEV',
]);

/** What this machine has too few of, whoever asked for it. */
const SHORT: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS']);

/** Of the network; the same numbers of a mounted folder speak of the place. */
const NETWORK: Readonly<Record<string, SystemFailureMeaning>> = {
  ECONNREFUSED: 'no-answer',
  EHOSTUNREACH: 'no-answer',
  EHOSTDOWN: 'no-answer',
  ENETUNREACH: 'no-answer',
  ENETDOWN: 'no-answer',
  ENONET: 'no-answer',
  EADDRNOTAVAIL: 'no-answer',
  ECONNRESET: 'broken',
  ECONNABORTED: 'broken',
  EPIPE: 'broken',
  ENETRESET: 'broken',
  ENOTCONN: 'broken',
  ESHUTDOWN: 'broken',
  ETIMEDOUT: 'late',
};

/** Calls that only sockets and name look-ups make. */
const NETWORK_CALLS: ReadonlySet<string> = new Set(['connect', 'getaddrinfo', 'queryA', 'queryAaaa', 'send']);

const NAMES = namesByNumber();
const NUMBERS: ReadonlyMap<string, number> = new Map([
  ...Object.entries(constants.errno),
  ...[...NAMES].map(([number, [name]]) => [name, number] as const),
]);

/**
 * What a failed call of the system says; undefined for errors of other kinds. Errors that others were wrapped around
 * (`cause`) and the first of several (AggregateError) are found as well.
 * @param from what raised it where that is known; by default told by the call, the path or the address that it names
 */
export function systemFailureOf(
  error: unknown,
  from?: SystemFailure['from'],
): (SystemFailure & { readonly error: Error }) | undefined {
  const seen = new Set<unknown>();
  for (let one = error; one instanceof Error && !seen.has(one); one = innerOf(one)) {
    seen.add(one);
    const failure = failureOf(one as NodeJS.ErrnoException, from);
    if (failure) return { ...failure, error: one };
  }
  return undefined;
}

/** The name of an errno of this machine (`ESTALE` of 116); undefined where it has none. */
export function errnoName(number: number): string | undefined {
  return NAMES.get(Math.abs(number))?.[0];
}

function innerOf(error: Error): unknown {
  return error instanceof AggregateError ? error.errors[0] : error.cause;
}

function failureOf(
  error: NodeJS.ErrnoException,
  from: SystemFailure['from'] | undefined,
): SystemFailure | undefined {
  const code = typeof error.code === 'string' ? error.code : '';
  const isLookUp = code === 'ENOTFOUND' || code.startsWith('EAI_');
  const number = typeof error.errno === 'number' ? Math.abs(error.errno) : NUMBERS.get(code);
  if (isLookUp) return { name: code, words: 'the name has no address', from: 'network', says: 'no-address' };
  // Numbers from 3000 on are libuv's own, for what the system has none for.
  if (number === undefined || number === 0 || (number >= 3000 && !NAMES.has(number))) {
    const isSystem = error.syscall !== undefined || /^(UNKNOWN|Unknown system error)/.test(code);
    return isSystem
      ? { name: code, words: 'a failure without a name', from: 'files', says: 'place' }
      : undefined;
  }
  const [name, words] = NAMES.get(number) ?? [
    `errno ${number}`,
    `failure ${number} of the system, without a name`,
  ];
  const raisedBy = from ?? raisedByOf(error, name);
  return { name, words, from: raisedBy, says: meaningOf(name, raisedBy) };
}

function raisedByOf(error: NodeJS.ErrnoException, name: string): SystemFailure['from'] {
  // A TLS connection that breaks in its handshake has the request's path beside its port.
  if ('port' in error) return 'network';
  if (error.path !== undefined) return 'files';
  if (NETWORK_CALLS.has(error.syscall ?? '') || 'address' in error || 'hostname' in error) return 'network';
  return Object.hasOwn(NETWORK, name) ? 'network' : 'files';
}

function meaningOf(name: string, from: SystemFailure['from']): SystemFailureMeaning {
  if (SHORT.has(name)) return 'short';
  // Threads that look up names: too few of them.
  if (from === 'network') return NETWORK[name] ?? (name === 'EAGAIN' ? 'short' : 'no-answer');
  if (ROOM.has(name)) return 'room';
  return ITEM.has(name) ? 'item' : 'place';
}

/** Names and words by number: the system's own, libuv's words, and what both lack. */
function namesByNumber(): Map<number, readonly [string, string]> {
  const names = new Map<number, readonly [string, string]>();
  if (process.platform === 'linux') {
    for (const [number, named] of Object.entries(LINUX_NAMES)) names.set(Number(number), named);
  }
  for (const [name, number] of Object.entries(constants.errno)) {
    if (!names.has(number)) names.set(number, [name, name]);
  }
  for (const [number, [name, words]] of getSystemErrorMap()) {
    const known = names.get(-number);
    if (!known || known[1] === known[0]) names.set(-number, [known?.[0] ?? name, words]);
  }
  // libuv's own two: its end of file, and what it could not name either.
  names.delete(4095);
  names.delete(4094);
  return names;
}
