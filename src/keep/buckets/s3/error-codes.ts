import type { ErrorCode, FailureAnswer, HeldPlace } from '../../../base/errors.ts';
import type { ErrorAnswer } from './answer.ts';

/** What an answer of S3's own comes to; `answer` and `holds` where the catalogue's default for the code is not meant. */
export interface AnswerMeaning {
  readonly code: ErrorCode;
  readonly answer?: FailureAnswer;
  readonly holds?: HeldPlace;
}

const FULL: AnswerMeaning = { code: 'bucket_full', answer: 'hold', holds: 'bucket' };
const EXPIRED: AnswerMeaning = { code: 'key_expired', answer: 'hold', holds: 'profile' };
const SUSPENDED: AnswerMeaning = { code: 'access_denied', answer: 'hold', holds: 'profile' };
const ELSEWHERE: AnswerMeaning = { code: 'region_wrong', answer: 'hold', holds: 'bucket' };
const KEY_OF_BUCKET: AnswerMeaning = { code: 'encryption_key_unusable', answer: 'hold', holds: 'bucket' };
const SLOWED: AnswerMeaning = { code: 'slow_down', answer: 'retry' };

/**
 * S3's error codes that are known by name, by what they stand for (Amazon S3 API reference, "List of error codes";
 * MinIO, Ceph and B2 add a few). Only these can end an item: each speaks of this object or this request.
 */
const BY_NAME: Readonly<Record<string, AnswerMeaning>> = {
  NoSuchBucket: { code: 'bucket_missing' },
  NoSuchKey: { code: 'object_missing' },
  NoSuchUpload: { code: 'upload_missing' },
  InvalidPart: { code: 'upload_missing' },
  InvalidPartOrder: { code: 'upload_missing' },
  AccessDenied: { code: 'access_denied' },
  AllAccessDisabled: { code: 'access_denied' },
  AccountProblem: SUSPENDED,
  UserSuspended: SUSPENDED,
  NotSignedUp: SUSPENDED,
  NotEntitled: SUSPENDED,
  InvalidAccessKeyId: { code: 'bucket_auth_failed' },
  SignatureDoesNotMatch: { code: 'bucket_auth_failed' },
  AuthorizationHeaderMalformed: { code: 'bucket_auth_failed' },
  InvalidSecurity: { code: 'bucket_auth_failed' },
  RequestTimeTooSkewed: { code: 'clock_skew', answer: 'hold', holds: 'endpoint' },
  RequestExpired: EXPIRED,
  PermanentRedirect: ELSEWHERE,
  TemporaryRedirect: ELSEWHERE,
  IllegalLocationConstraintException: ELSEWHERE,
  InternalError: { code: 'bucket_unavailable' },
  ServiceUnavailable: { code: 'bucket_unavailable' },
  OperationAborted: { code: 'bucket_unavailable' },
  ConditionalRequestConflict: { code: 'bucket_unavailable' },
  RequestTimeout: { code: 'timed_out' },
  IncompleteBody: { code: 'connection_lost' },
  BadDigest: { code: 'checksum_mismatch' },
  InvalidDigest: { code: 'checksum_mismatch' },
  XAmzContentSHA256Mismatch: { code: 'checksum_mismatch' },
  XAmzContentChecksumMismatch: { code: 'checksum_mismatch' },
  KeyTooLongError: { code: 'key_invalid' },
  KeyTooLong: { code: 'key_invalid' },
  InvalidBucketName: { code: 'key_invalid' },
  XMinioInvalidObjectName: { code: 'key_invalid' },
  InvalidURI: { code: 'key_invalid' },
  EntityTooLarge: { code: 'object_too_large' },
  PreconditionFailed: { code: 'object_exists' },
  MethodNotAllowed: { code: 'not_supported' },
  NotImplemented: { code: 'not_supported' },
  InvalidRequest: { code: 'request_refused' },
  InvalidArgument: { code: 'request_refused' },
  InvalidTag: { code: 'request_refused' },
  InvalidStorageClass: { code: 'request_refused' },
  InvalidEncryptionAlgorithmError: { code: 'request_refused' },
  MetadataTooLarge: { code: 'request_refused' },
};

/** Codes come in families, and every server adds its own members: told by the words that they are made of. */
const BY_FAMILY: readonly [RegExp, AnswerMeaning][] = [
  [/slow_?down|throttl|toomany|requestlimit|rateexceeded|rate_?limit|bandwidth.*exceeded|busy/i, SLOWED],
  [
    /quota|storagefull|insufficient_?(storage|space|capacity)|(no|outof)_?space|disk_?full|cap_?exceeded/i,
    FULL,
  ],
  [
    /token.*(expired|refresh|required)|expired.*(token|credential|session)|^invalid(security|session)?token/i,
    EXPIRED,
  ],
  [/^(invalidclienttokenid|unrecognizedclient|invalidaccesskey)/i, { code: 'bucket_auth_failed' }],
  [/(user|account).*(suspended|disabled|problem)/i, SUSPENDED],
  // Amazon's KMS.DisabledException and KMS.NotFoundException, MinIO's XMinioKMSKeyNotFound: every object of the bucket has it.
  [/kms/i, KEY_OF_BUCKET],
];

/**
 * Refusals that are a limit of room by their words only: B2 says AccessDenied of a storage cap ("Storage and download
 * caps", backblaze.com/docs), gateways say InternalError of a full disk, Swift EntityTooLarge of a quota.
 */
const FULL_BY_WORDS =
  /\bcap exceeded|\bquotas?\b|no space left|out of (disk )?space|(disk|storage|drive).{0,40}\bfull\b/i;

/** There a quota is one of requests, or of nothing that could take room. */
const NEVER_FULL: ReadonlySet<number> = new Set([404, 408, 425, 429]);

/** What an S3 server's own error says. Unknown codes follow their status, and end nothing. Pure. */
export function meaningOfS3(answer: ErrorAnswer): AnswerMeaning {
  const { code = '', status, message = '' } = answer;
  if (!NEVER_FULL.has(status) && FULL_BY_WORDS.test(message)) return FULL;
  // The region that it names was tried, and is not taken either.
  if (code === 'AuthorizationHeaderMalformed' && answer.region !== undefined) return ELSEWHERE;
  const known = Object.hasOwn(BY_NAME, code) ? BY_NAME[code] : undefined;
  const meaning = known ?? BY_FAMILY.find(([words]) => words.test(code))?.[1] ?? meaningOfStatus(status);
  // Half a document may be half a code's truth: it is asked again.
  const isFinal = meaning.answer === undefined && answer.speaker === 'cut';
  return isFinal ? { ...meaning, answer: 'retry' } : meaning;
}

/** A code that is not known, or none where S3 could say none. */
function meaningOfStatus(status: number): AnswerMeaning {
  if (status === 507) return FULL;
  if (status === 429 || status === 425) return SLOWED;
  if (status === 408) return { code: 'timed_out' };
  if (status >= 500 || status < 300) return { code: 'bucket_unavailable' };
  return { code: 'request_refused', answer: 'retry' };
}

/** What the status alone says, of an answer that can have no document: HEAD, and the like. Pure. */
export function meaningOfMarks(status: number): AnswerMeaning {
  if (status >= 300 && status < 400) return ELSEWHERE;
  if (status === 401) return { code: 'bucket_auth_failed' };
  if (status === 403) return { code: 'access_denied' };
  if (status === 404) return { code: 'object_missing' };
  if (status === 405 || status === 501) return { code: 'not_supported' };
  if (status === 412) return { code: 'object_exists' };
  return meaningOfStatus(status);
}
