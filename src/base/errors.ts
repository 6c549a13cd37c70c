import { CATALOGUE, type ErrorCode, type FailureAnswer, type HeldPlace } from './error-catalogue.ts';

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
  /** What is held, where the answer is `hold`; the endpoint where absent. */
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
    this.holds = this.answer === 'hold' ? (details.holds ?? 'endpoint') : undefined;
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
 * Wraps whatever was thrown: operating system errors by their `code`, aborts as `cancelled`, expired
 * `AbortSignal.timeout`s as `timed_out`, the rest as `internal`.
 */
export function asSluiceError(error: unknown, details: ErrorDetails = {}): SluiceError {
  if (error instanceof SluiceError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  const code = 'code' in cause ? String(cause.code) : '';
  const withCause = { ...details, cause };
  if (cause.name === 'AbortError' || code === 'ABORT_ERR') {
    return new SluiceError('cancelled', 'stopped on request', withCause);
  }
  if (cause.name === 'TimeoutError') {
    return new SluiceError('timed_out', cause.message, withCause);
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SluiceError('disk_full', `no room left on the disk: ${cause.message}`, withCause);
  }
  if (['EACCES', 'EPERM', 'EROFS', 'EIO', 'ENOTDIR', 'EISDIR', 'ENOENT', 'EMFILE', 'ENFILE'].includes(code)) {
    return new SluiceError('disk_failed', cause.message, withCause);
  }
  return new SluiceError('internal', cause.message || cause.name, withCause);
}
