import { CATALOGUE, type ErrorCode, type FailureAnswer, type HeldPlace } from './error-catalogue.ts';
import { type SystemFailure, type SystemFailureMeaning, systemFailureOf } from './system-errors.ts';
import { oneLine } from './text.ts';

export { CATALOGUE, type ErrorCode, type FailureAnswer, type HeldPlace } from './error-catalogue.ts';

export interface ErrorDetails {
  /** What was being done: "fetch", "read history", "open database". */
  readonly operation?: string;
  /** What it was done to: a URL, a path, a key. Never holds a secret. */
  readonly subject?: string;
  /** What to do about this very case; the catalogue's remedy where absent. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Overrides the catalogue where the case at hand is known better (a 503 against a 500). */
  readonly answer?: FailureAnswer;
  /** What is held, where the answer is `hold`; the catalogue's place where absent, else the endpoint. */
  readonly holds?: HeldPlace;
  /** Earliest sensible next try, when the far side said (Retry-After). */
  readonly retryAfterMs?: number;
}

/**
 * A failure with a code from the catalogue. `message` is one line that a person can act on (of a faulty
 * configuration: one line a fault).
 */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly code: ErrorCode;
  readonly operation: string | undefined;
  readonly subject: string | undefined;
  readonly hint: string;
  readonly answer: FailureAnswer;
  /** What is held; undefined unless the answer is `hold`. */
  readonly holds: HeldPlace | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    const known = CATALOGUE[code];
    this.code = code;
    this.operation = details.operation;
    this.subject = details.subject;
    this.hint = details.hint ?? known.remedy;
    this.answer = details.answer ?? known.answer;
    this.holds = this.answer === 'hold' ? (details.holds ?? heldBy(code)) : undefined;
    this.retryAfterMs = details.retryAfterMs;
  }

  get exitCode(): 1 | 2 {
    return CATALOGUE[this.code].exitCode;
  }

  get status(): number {
    return CATALOGUE[this.code].status;
  }
}

/** A `SluiceError` as plain data, for worker threads, the database and JSON answers. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly answer: FailureAnswer;
  readonly holds?: HeldPlace;
  readonly operation?: string;
  readonly subject?: string;
}

/** Plain data for an error of any kind; unknown ones become `internal`. */
export function toErrorRecord(error: unknown): ErrorRecord {
  const known = asSluiceError(error);
  return {
    code: known.code,
    message: known.message,
    hint: known.hint,
    answer: known.answer,
    holds: known.holds,
    operation: known.operation,
    subject: known.subject,
  };
}

/**
 * The error that a record was made from, less its stack and cause. A record kept by another version may hold
 * a code that this one does not know: it becomes `internal`, with the record's own words.
 */
export function fromErrorRecord(record: ErrorRecord): SluiceError {
  const code = Object.hasOwn(CATALOGUE, record.code) ? record.code : 'internal';
  return new SluiceError(code, record.message, record);
}

/**
 * Wraps whatever was thrown: failures of the operating system by their number, aborts as `cancelled`, expired
 * `AbortSignal.timeout`s as `timed_out`, the rest, which are faults of our own, as `internal`.
 */
export function asSluiceError(error: unknown, details: ErrorDetails = {}): SluiceError {
  if (error instanceof SluiceError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  if (cause.name === 'AbortError' || ('code' in cause && cause.code === 'ABORT_ERR')) {
    return new SluiceError('cancelled', 'stopped on request', { ...details, cause });
  }
  if (cause.name === 'TimeoutError') {
    return new SluiceError('timed_out', cause.message, { ...details, cause });
  }
  const failure = systemFailureOf(cause);
  if (failure) return fromSystem(failure, cause, details);
  return new SluiceError('internal', cause.message || cause.name, { ...details, cause });
}

/**
 * As `asSluiceError`, for what was thrown by work with files and folders: "host is down" there speaks of a mounted
 * folder, not of the host that a file is sent to.
 */
export function asFileError(error: unknown, details: ErrorDetails = {}): SluiceError {
  if (error instanceof SluiceError) return error;
  const failure = systemFailureOf(error, 'files');
  return failure ? fromSystem(failure, error, details) : asSluiceError(error, details);
}

type Labelled = readonly [code: ErrorCode, answer?: FailureAnswer];

const BY_MEANING: Readonly<Record<SystemFailureMeaning, Labelled>> = {
  room: ['disk_full'],
  place: ['disk_failed', 'hold'],
  short: ['machine_short', 'hold'],
  item: ['disk_failed', 'retry'],
  'no-address': ['host_unknown'],
  'no-answer': ['host_unreachable'],
  broken: ['connection_lost'],
  late: ['timed_out'],
};

function fromSystem(
  failure: SystemFailure & { readonly error: Error },
  cause: unknown,
  details: ErrorDetails,
): SluiceError {
  const [code, answer] = BY_MEANING[failure.says];
  const words = wordsOf(failure, details.subject);
  const message = code === 'disk_full' ? `no room left on the disk: ${words}` : words;
  return new SluiceError(code, message, { ...details, answer: details.answer ?? answer, cause });
}

/** What a call on a file was to do to it. Node names it for whoever reads the system's manual. */
const CALLS: Readonly<Record<string, string>> = {
  open: 'open',
  openat2: 'open',
  access: 'use',
  mkdir: 'make',
  mkdtemp: 'make',
  scandir: 'list',
  opendir: 'list',
  read: 'read',
  readlink: 'read',
  write: 'write',
  writev: 'write',
  fsync: 'flush',
  fdatasync: 'flush',
  ftruncate: 'cut',
  copyfile: 'copy',
  rename: 'rename',
  unlink: 'remove',
  rmdir: 'remove',
  rm: 'remove',
  stat: 'look at',
  lstat: 'look at',
  fstat: 'look at',
  statfs: 'look at',
  realpath: 'look at',
  chmod: 'change the mode of',
  futime: 'set the time of',
  utime: 'set the time of',
};

/**
 * What could not be done to which path, and why: `/a/b: cannot make it: permission denied (EACCES)`. Without either,
 * Node's words, with the failure's own name where Node has none. One line.
 */
function wordsOf(
  { name, words, error, from }: SystemFailure & { readonly error: Error },
  subject: string | undefined,
): string {
  const { syscall, path: named, dest } = error as NodeJS.ErrnoException & { readonly dest?: string };
  // A call on a descriptor names no path.
  const path = named ?? (from === 'files' ? subject : undefined);
  const call = Object.hasOwn(CALLS, syscall ?? '') ? CALLS[syscall ?? ''] : undefined;
  if (from === 'files' && path !== undefined && call !== undefined) {
    const to = dest === undefined ? '' : ` to ${dest}`;
    return oneLine(`${path}: cannot ${call} it${to}: ${words} (${name})`);
  }
  const isNamed = error.message.includes(name) && !error.message.includes('Unknown system error');
  const about = [syscall, path === undefined ? undefined : `'${path}'`].filter(Boolean).join(' ');
  if (isNamed && named === undefined && path !== undefined) return oneLine(`${error.message} '${path}'`);
  const text = isNamed ? error.message : `${name}: ${words}${about === '' ? '' : `, ${about}`}`;
  return oneLine(text);
}

function heldBy(code: ErrorCode): HeldPlace {
  const entry = CATALOGUE[code];
  return 'holds' in entry ? entry.holds : 'endpoint';
}
