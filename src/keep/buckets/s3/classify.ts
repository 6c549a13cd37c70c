import { asSluiceError, type ErrorCode, SluiceError } from '../../../base/errors.ts';
import type { ErrorAnswer } from './answer.ts';

/** What was being done, for the error's message. */
export interface CallContext {
  /** "put object", "list buckets". */
  readonly operation: string;
  /** "bucket/key", "bucket" or the endpoint; never a secret. */
  readonly subject: string;
  /** It names a multipart upload: Ceph says NoSuchKey where others say NoSuchUpload. */
  readonly isInUpload?: boolean;
}

/**
 * S3's error codes by the catalogue code they stand for (Amazon S3 API reference, "List of error codes"; MinIO, Ceph
 * and B2 add a few).
 */
const BY_S3_CODE: Readonly<Record<string, ErrorCode>> = {
  NoSuchBucket: 'bucket_missing',
  NoSuchKey: 'object_missing',
  NoSuchUpload: 'upload_missing',
  InvalidPart: 'upload_missing',
  InvalidPartOrder: 'upload_missing',
  AccessDenied: 'access_denied',
  AllAccessDisabled: 'access_denied',
  AccountProblem: 'access_denied',
  InvalidAccessKeyId: 'bucket_auth_failed',
  SignatureDoesNotMatch: 'bucket_auth_failed',
  AuthorizationHeaderMalformed: 'bucket_auth_failed',
  InvalidToken: 'bucket_auth_failed',
  ExpiredToken: 'bucket_auth_failed',
  TokenRefreshRequired: 'bucket_auth_failed',
  InvalidSecurity: 'bucket_auth_failed',
  NotSignedUp: 'bucket_auth_failed',
  RequestTimeTooSkewed: 'clock_skew',
  PermanentRedirect: 'region_wrong',
  IllegalLocationConstraintException: 'region_wrong',
  SlowDown: 'slow_down',
  SlowDownRead: 'slow_down',
  SlowDownWrite: 'slow_down',
  RequestLimitExceeded: 'slow_down',
  BandwidthLimitExceeded: 'slow_down',
  Throttling: 'slow_down',
  ThrottlingException: 'slow_down',
  TooManyRequests: 'slow_down',
  InternalError: 'bucket_unavailable',
  ServiceUnavailable: 'bucket_unavailable',
  OperationAborted: 'bucket_unavailable',
  ConditionalRequestConflict: 'bucket_unavailable',
  RequestTimeout: 'timed_out',
  IncompleteBody: 'connection_lost',
  BadDigest: 'checksum_mismatch',
  InvalidDigest: 'checksum_mismatch',
  XAmzContentSHA256Mismatch: 'checksum_mismatch',
  XAmzContentChecksumMismatch: 'checksum_mismatch',
  KeyTooLongError: 'key_invalid',
  KeyTooLong: 'key_invalid',
  InvalidBucketName: 'key_invalid',
  XMinioInvalidObjectName: 'key_invalid',
  InvalidURI: 'key_invalid',
  EntityTooLarge: 'object_too_large',
  PreconditionFailed: 'object_exists',
  MethodNotAllowed: 'not_supported',
  NotImplemented: 'not_supported',
};

/** Where the body says nothing (HEAD, proxies), the status has to do. */
function codeOfStatus(status: number): ErrorCode {
  if (status === 301 || status === 307 || status === 308) return 'region_wrong';
  if (status === 401) return 'bucket_auth_failed';
  if (status === 403) return 'access_denied';
  if (status === 404) return 'object_missing';
  if (status === 405 || status === 501) return 'not_supported';
  if (status === 408) return 'timed_out';
  if (status === 412) return 'object_exists';
  if (status === 413) return 'object_too_large';
  if (status === 429) return 'slow_down';
  if (status >= 500) return 'bucket_unavailable';
  return 'request_refused';
}

/** The error for an unsuccessful answer: the code S3 gave if it is known, else the status. */
export function errorFromAnswer(answer: ErrorAnswer, context: CallContext): SluiceError {
  const known = BY_S3_CODE[answer.code ?? ''] ?? codeOfStatus(answer.status);
  const code = known === 'object_missing' && context.isInUpload ? 'upload_missing' : known;
  const saying = answer.isWebPage
    ? 'a web page instead of an S3 answer'
    : (answer.message ?? answer.code ?? `HTTP status ${answer.status}`);
  const name = answer.code === undefined ? `HTTP ${answer.status}` : `${answer.code}, HTTP ${answer.status}`;
  const request = answer.requestId === undefined ? '' : `, request ${answer.requestId}`;
  return new SluiceError(code, `${context.operation} ${context.subject}: ${saying} (${name}${request})`, {
    ...context,
    hint: hintOf(code, answer),
    retryAfterMs: answer.retryAfterMs,
  });
}

function hintOf(code: ErrorCode, answer: ErrorAnswer): string | undefined {
  if (code === 'region_wrong') return hintOfRedirect(answer);
  return answer.isWebPage
    ? 'A proxy or login page answers in place of the object store; check the endpoint.'
    : undefined;
}

function hintOfRedirect(answer: ErrorAnswer): string {
  const region = answer.region === undefined ? '' : ` region ${answer.region}`;
  const endpoint = answer.redirect === undefined ? '' : ` endpoint ${answer.redirect}`;
  return region === '' && endpoint === ''
    ? 'Set the region and endpoint of the profile to those of the bucket.'
    : `The server points to${region}${endpoint}; set the profile so.`;
}

const BY_NETWORK_CODE: Readonly<Record<string, ErrorCode>> = {
  ENOTFOUND: 'host_unknown',
  EAI_AGAIN: 'host_unknown',
  EAI_FAIL: 'host_unknown',
  ECONNREFUSED: 'host_unreachable',
  EHOSTUNREACH: 'host_unreachable',
  ENETUNREACH: 'host_unreachable',
  ENETDOWN: 'host_unreachable',
  EHOSTDOWN: 'host_unreachable',
  EADDRNOTAVAIL: 'host_unreachable',
  UND_ERR_CONNECT_TIMEOUT: 'host_unreachable',
  ECONNRESET: 'connection_lost',
  ECONNABORTED: 'connection_lost',
  EPIPE: 'connection_lost',
  UND_ERR_SOCKET: 'connection_lost',
  ETIMEDOUT: 'timed_out',
  UND_ERR_HEADERS_TIMEOUT: 'timed_out',
  UND_ERR_BODY_TIMEOUT: 'timed_out',
  UND_ERR_ABORTED: 'cancelled',
  ABORT_ERR: 'cancelled',
  EPROTO: 'tls_failed',
};

/**
 * Codes of OpenSSL's certificate verification and of Node's TLS layer (nodejs.org/api/tls.html, "X509 certificate error
 * codes").
 */
const TLS_CODE =
  /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)_|HOSTNAME_MISMATCH|INVALID_CA)/;

function codeOfNetworkError(error: Error): ErrorCode | undefined {
  const code = 'code' in error ? String(error.code) : '';
  if (error.name === 'AbortError') return 'cancelled';
  if (TLS_CODE.test(code)) return 'tls_failed';
  if (code.startsWith('HPE_') || error.name === 'HTTPParserError') return 'answer_invalid';
  // The SDK's handler names resets and refusals TimeoutError as well: their own code comes first.
  return BY_NETWORK_CODE[code] ?? (error.name === 'TimeoutError' ? 'timed_out' : undefined);
}

/** The error for whatever a transport threw; operating system errors of reading the file keep their own codes. */
export function errorFromTransport(error: unknown, context: CallContext): SluiceError {
  if (error instanceof SluiceError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  // An AggregateError of several addresses that all failed: the first speaks for them.
  const first = cause instanceof AggregateError && cause.errors[0] instanceof Error ? cause.errors[0] : cause;
  const code = codeOfNetworkError(cause) ?? codeOfNetworkError(first);
  if (code === undefined) return asSluiceError(error, context);
  const words = cause.message || first.message || code;
  return new SluiceError(code, `${context.operation} ${context.subject}: ${words}`, { ...context, cause });
}

/**
 * The ETag of a good answer to a body. A captive portal answers 200 to anything; every S3 server gives an ETag.
 * @param storedCrc32 as the answer names it, if it does
 * @param sentCrc32 of what was sent, where it is known
 * @throws SluiceError answer_invalid, checksum_mismatch
 */
export function assertStored(
  call: CallContext,
  etag: string | undefined,
  storedCrc32: string | undefined,
  sentCrc32: string | undefined,
): string {
  const about = `${call.operation} ${call.subject}`;
  if (etag === undefined) throw new SluiceError('answer_invalid', `${about}: success without an ETag`, call);
  if (storedCrc32 !== undefined && sentCrc32 !== undefined && storedCrc32 !== sentCrc32) {
    const words = `the store computed CRC32 ${storedCrc32}, sent was ${sentCrc32}`;
    throw new SluiceError('checksum_mismatch', `${about}: ${words}`, call);
  }
  return etag;
}
