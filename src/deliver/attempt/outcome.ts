import type { ErrorCode, HeldPlace, SluiceError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { callOutcomeOf } from '../../engine/endpoint-health.ts';
import { nextTry, patienceAsked } from '../../engine/retry.ts';
import type { Attempt, FileHold, FileRecord, RecordChange } from '../../keep/local/journal.ts';
import type { DeliverySettings } from '../settings.ts';
import type { RestingPlace } from '../spool/spool.ts';
import type { Acknowledged, Sent } from './upload/sending.ts';

/**
 * What becomes of a file after one attempt. Pure: everything here follows from its arguments, and attempt.ts does it.
 *
 *   sent and verified ─────────────────────────────────▶ completed
 *   failed ──decideFailure──▶ retry, await-bucket, hold ▶ waiting
 *                             give-up ─────────────────▶ failed
 *                             vanished ────────────────▶ gone, unless its record lagged behind it
 *                             hand-back ───────────────▶ handed-back
 *   not begun (FileOrigin.begin) ──────────────────────▶ waiting, blocked, unchanged, gone
 */
export type DeliveryOutcome =
  /** In its bucket and verified. */
  | 'completed'
  /** Given up; a person may have it tried again. */
  | 'failed'
  /** Until its next try's time, or until what it waits for has come. */
  | 'waiting'
  /** The file before it at that address has not ended yet. */
  | 'blocked'
  /** What it holds was delivered before: nothing was sent, and its record is the earlier one again. */
  | 'unchanged'
  /** Somebody took it away. */
  | 'gone'
  /** Stopped on request, as if it had not been tried. */
  | 'handed-back';

/** Why a file fails that another key might have sent: it goes again when the key has become another. */
export const KEY_CAUSES: readonly ErrorCode[] = ['bucket_auth_failed', 'access_denied'];

/** What is to follow on a failed try. */
export type FailureDecision =
  /** Try again at that time; `failures` in a row so far. */
  | { readonly kind: 'retry'; readonly atMs: number; readonly failures: number }
  /** To `failed`. */
  | { readonly kind: 'give-up'; readonly why: string }
  /** Until its bucket exists. */
  | { readonly kind: 'await-bucket' }
  /** Until the place is right again; asked for again at that time at the latest. Nothing is counted. */
  | {
      readonly kind: 'hold';
      readonly holds: HeldPlace;
      readonly atMs: number;
      /** What it waits for on record, together with others; undefined: for its time. */
      readonly fileHold?: FileHold;
      /** The key that it waits with; undefined where it waits for something else. */
      readonly keyMark?: string;
    }
  /** The file is no longer there. */
  | { readonly kind: 'vanished' }
  /** Stopped on request: as if it had not been tried. */
  | { readonly kind: 'hand-back' };

/** What follows on a failed try. Pure. @param failuresBefore in a row, this one not included */
export function decideFailure(
  error: SluiceError,
  failuresBefore: number,
  settings: Pick<DeliverySettings, 'retry' | 'offline' | 'probeIntervalMs'>,
  random: Random,
  nowMs: number,
): FailureDecision {
  if (error.answer === 'cancelled') return { kind: 'hand-back' };
  if (error.code === 'bucket_missing') return { kind: 'await-bucket' };
  if (error.code === 'source_missing') return { kind: 'vanished' };
  const holds = error.holds ?? (callOutcomeOf(error) === 'unreachable' ? 'endpoint' : undefined);
  if (holds !== undefined && !(holds === 'endpoint' && settings.offline === 'count')) {
    // The place's probe will say when; this time counts only if the place is right again unnoticed.
    return { kind: 'hold', holds, atMs: nowMs + Math.max(settings.probeIntervalMs, patienceAsked(error)) };
  }
  return decideCounted(error, failuresBefore, settings, random, nowMs);
}

/** As `decideFailure`, of a failure that is the file's own whatever its error holds: the retry rule counts it. Pure. */
export function decideCounted(
  error: SluiceError,
  failuresBefore: number,
  settings: Pick<DeliverySettings, 'retry'>,
  random: Random,
  nowMs: number,
): Extract<FailureDecision, { readonly kind: 'retry' | 'give-up' }> {
  const failures = failuresBefore + 1;
  const decision = nextTry(settings.retry, failures, error, random, nowMs);
  if ('giveUp' in decision) return { kind: 'give-up', why: decision.giveUp };
  return { kind: 'retry', atMs: decision.retryAtMs, failures };
}

/**
 * What the record of a delivered file says. Pure. @param place undefined: somebody took the file away after it was sent
 */
export function completedChange(sent: Sent, place: RestingPlace | undefined, nowMs: number): RecordChange {
  return {
    state: 'completed',
    outcome: 'success',
    failures: 0,
    nextAttemptAtMs: null,
    hold: null,
    sentAtMs: null,
    keyMark: null,
    location: place?.location ?? null,
    source: place?.source,
    objectKey: sent.key,
    etag: sent.etag,
    crc32: sent.crc32,
    verified: sent.verified,
    departure: sent.departure,
    size: sent.identity.size,
    mtimeMs: sent.identity.mtimeMs,
    inode: sent.identity.inode,
    errorCode: null,
    errorAnswer: null,
    errorMessage: null,
    completedAtMs: nowMs,
    removedAtMs: place === undefined ? nowMs : undefined,
  };
}

/** What the record of a file says that is tried again, or once its bucket exists. Pure. */
export function waitingChange(
  decision: Extract<FailureDecision, { readonly kind: 'retry' | 'await-bucket' | 'hold' }>,
  error: SluiceError,
): RecordChange {
  const keyMark = decision.kind === 'hold' ? (decision.keyMark ?? null) : null;
  const reason = { errorCode: error.code, errorAnswer: error.answer, errorMessage: error.message, keyMark };
  if (decision.kind === 'retry')
    return { ...reason, failures: decision.failures, hold: null, nextAttemptAtMs: decision.atMs };
  if (decision.kind === 'await-bucket') return { ...reason, hold: 'bucket', nextAttemptAtMs: null };
  if (decision.fileHold !== undefined) return { ...reason, hold: decision.fileHold, nextAttemptAtMs: null };
  return { ...reason, hold: null, nextAttemptAtMs: decision.atMs };
}

/** What the record of a file says that the store has acknowledged: nothing of it is sent again. Pure. */
export function sentChange(acknowledged: Acknowledged, nowMs: number): RecordChange {
  const { key, etag, crc32, verified, identity, departure } = acknowledged;
  return { ...identity, sentAtMs: nowMs, objectKey: key, etag, crc32, verified, departure };
}

/** What the record of a file says that has to be sent again, since it did not arrive. Pure. */
export const unsentChange: RecordChange = {
  sentAtMs: null,
  etag: null,
  crc32: null,
  verified: null,
  departure: null,
};

/** What of a file was acknowledged in an earlier attempt; undefined where it is still to be sent. Pure. */
export function acknowledgedOf(record: FileRecord): Acknowledged | undefined {
  const { sentAtMs, objectKey, etag, crc32, verified, departure, size, mtimeMs, inode } = record;
  if (sentAtMs === null || objectKey === null) return undefined;
  const identity = { size, mtimeMs, inode };
  return { key: objectKey, etag: etag ?? '', crc32, verified, departure, identity };
}

/**
 * What of a file was acknowledged in an earlier attempt that also asked for the proof, so that only its move was left;
 * undefined where more is. Pure.
 */
export function deliveredOf(record: FileRecord): Sent | undefined {
  const acknowledged = acknowledgedOf(record);
  if (!acknowledged || acknowledged.verified === null) return undefined;
  return { ...acknowledged, verified: acknowledged.verified };
}

/** Proofs in a row that found nothing, after which what was acknowledged counts as not sent. */
const NOT_THERE_TRIES = 3;

/**
 * Whether a proof that failed shows that the object is not what was sent, so that it is to be sent again: at once where
 * another content is there, after three questions in a row where none is. Pure.
 */
export function isRefuted(error: SluiceError, record: Pick<FileRecord, 'failures' | 'errorCode'>): boolean {
  if (error.code === 'checksum_mismatch') return true;
  if (error.code !== 'object_missing') return false;
  return record.errorCode === 'object_missing' && record.failures + 1 >= NOT_THERE_TRIES;
}

/**
 * When something is tried again that says nothing of the file, or the local end of its way: as the retry rule has it, but
 * without an end. Pure.
 */
export function retryAlone(
  error: SluiceError,
  failuresBefore: number,
  settings: Pick<DeliverySettings, 'retry'>,
  random: Random,
  nowMs: number,
): Extract<FailureDecision, { readonly kind: 'retry' }> {
  const failures = failuresBefore + 1;
  const endless = { ...settings.retry, maxRetries: Number.POSITIVE_INFINITY, permanent: 'slowest' } as const;
  const decision = nextTry(endless, failures, error, random, nowMs);
  const atMs = 'retryAtMs' in decision ? decision.retryAtMs : nowMs + settings.retry.maxMs;
  return { kind: 'retry', atMs, failures };
}

/** What the record of a file says that was given up. Pure. @param place undefined: somebody took the file away */
export function failedChange(
  record: Pick<FileRecord, 'failures'>,
  error: SluiceError,
  place: RestingPlace | undefined,
  nowMs: number,
  keyMark: string | null = null,
): RecordChange {
  return {
    state: 'failed',
    outcome: 'failure',
    failures: record.failures + 1,
    nextAttemptAtMs: null,
    hold: null,
    sentAtMs: null,
    keyMark,
    location: place?.location ?? null,
    errorCode: error.code,
    errorAnswer: error.answer,
    errorMessage: error.message,
    removedAtMs: place === undefined ? nowMs : undefined,
  };
}

/** A file that was given up has come to its place, or is gone. Pure. */
export function restedChange(place: RestingPlace | undefined, nowMs: number): RecordChange {
  return {
    state: 'failed',
    nextAttemptAtMs: null,
    hold: null,
    location: place?.location ?? null,
    removedAtMs: place ? undefined : nowMs,
  };
}

/** The attempt's own row. Pure. @param error null for one that succeeded */
export function attemptRow(
  startedAt: string,
  nowMs: number,
  error: SluiceError | null,
): Omit<Attempt, 'number'> {
  return {
    startedAt,
    finishedAt: new Date(nowMs).toISOString(),
    outcome: error ? 'failure' : 'success',
    errorAnswer: error?.answer ?? null,
    errorCode: error?.code ?? null,
    errorMessage: error?.message ?? null,
  };
}
