import { asFileError, type SluiceError } from '../../base/errors.ts';
import { type FileRecord, hasProof, type RecordChange } from '../../keep/local/journal.ts';
import type { DeliveryContext } from '../context.ts';
import type { Destination } from '../destinations.ts';
import { logFields } from '../listing.ts';
import { originOf } from '../origin/origin-of.ts';
import { asIntercepted, asOfBucket } from '../queue/lone-files.ts';
import { sameIdentity } from '../spool/files.ts';
import type { RestingPlace } from '../spool/spool.ts';
import { type Completion, completeUntouched } from './completion.ts';
import { gone } from './not-there.ts';
import {
  acknowledgedOf,
  attemptRow,
  completedChange,
  type DeliveryOutcome,
  decideCounted,
  decideFailure,
  deliveredOf,
  type FailureDecision,
  failedChange,
  isRefuted,
  KEY_CAUSES,
  restedChange,
  retryAlone,
  sentChange,
  unsentChange,
  waitingChange,
} from './outcome.ts';
import type { StepTimes } from './step-times.ts';
import type { Acknowledged, Asking, Sent } from './upload/sending.ts';

/** An attempt that was made. */
export interface Attempted {
  readonly destination: Destination;
  readonly record: FileRecord;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The profile's key as it was then (`StoreKey.mark`); null where it has none. */
  readonly keyMark: string | null;
  /** What was done so far, and how long it took. */
  readonly steps: StepTimes;
  /** Cuts it off. */
  readonly signal: AbortSignal;
}

/** The object is there, and proven as far as can be. What came to the file's place since it was read is yet to be sent. */
export async function delivered(
  context: DeliveryContext,
  attempted: Attempted,
  acknowledged: Sent,
): Promise<DeliveryOutcome> {
  const { journal, clock, statistics, log } = context;
  const { record } = attempted;
  const isProven = hasProof(acknowledged);
  if (originOf(record).leavesOnlyRecord(context, record, isProven))
    await putOnRecord(context, record, acknowledged);
  let completion: Completion;
  try {
    completion = await completeUntouched(context, attempted, acknowledged);
  } catch (error) {
    const known = asFileError(error, { operation: 'move to completed' });
    return localTrouble(context, attempted, known, sentChange(acknowledged, clock.nowMs()));
  }
  if ('unsent' in completion) return unsentSince(context, attempted, completion.unsent);
  const { sent, place } = completion;
  const nowMs = clock.nowMs();
  const row = attemptRow(attempted.startedAt, nowMs, null);
  const number = await journal.recordAttempt(record.id, row, completedChange(sent, place, nowMs));
  attempted.steps.done('completed');
  const { identity, verified, key } = sent;
  const departure = sent.departure ?? undefined;
  const durationMs = record.enteredAtMs === null ? undefined : clock.nowMs() - record.enteredAtMs;
  statistics.delivered(bucketName(record), identity.size, durationMs);
  const steps = attempted.steps.all;
  log.info({ ...logFields(record), bytes: identity.size, verified, key, departure, steps }, 'delivered');
  if (record.failures > 0) log.debug({ ...logFields(record), attempt: number }, 'delivered after backoff');
  return 'completed';
}

/** What came to the file's place after the last byte was read goes in a while, as any file that changes. */
async function unsentSince(
  context: DeliveryContext,
  attempted: Attempted,
  error: SluiceError,
): Promise<DeliveryOutcome> {
  if (!attempted.signal.aborted) return localTrouble(context, attempted, error, unsentChange);
  await context.journal.change(attempted.record.id, unsentChange);
  return 'handed-back';
}

/** That it was sent, and how far that is proven, unless an earlier attempt came as far. */
async function putOnRecord(
  { journal, clock, uploader }: DeliveryContext,
  record: FileRecord,
  sent: Sent,
): Promise<void> {
  const now = journal.byId(record.id);
  const known = now && deliveredOf(now);
  if (known?.verified === sent.verified && sameIdentity(known.identity, sent.identity)) return;
  try {
    await journal.change(record.id, sentChange(sent, clock.nowMs()));
  } catch (error) {
    uploader.remember(record.id, sent);
    throw error;
  }
}

/** The upload failed. */
export async function failed(
  context: DeliveryContext,
  attempted: Attempted,
  error: SluiceError,
): Promise<DeliveryOutcome> {
  const { clock, random, settings, statistics, endpoints } = context;
  const { record, destination } = attempted;
  const decision = decideFailure(error, record.failures, settings, random, clock.nowMs());
  if (!holdsEndpoint(decision)) endpoints.noteCall(destination.endpoint, error, bucketName(record));
  if (decision.kind === 'hand-back') return 'handed-back';
  if (decision.kind === 'vanished') return gone(context, record);
  if (decision.kind === 'hold') return held(context, attempted, error, decision, {});
  statistics.failed(bucketName(record), error.code);
  if (decision.kind === 'give-up') return giveUp(context, attempted, error, decision.why);
  if (decision.kind === 'await-bucket') return awaitBucket(context, attempted, error, {});
  return retryLater(context, attempted, error, decision, {});
}

/**
 * What was sent and acknowledged could not be proven to have arrived: only the question is asked again, until it is
 * answered or cannot be. What the answer refutes is sent again.
 */
export async function unproven(
  context: DeliveryContext,
  attempted: Attempted,
  asking: Asking,
  acknowledged: Acknowledged,
  error: SluiceError,
): Promise<DeliveryOutcome> {
  const { journal, clock, random, settings, uploader, endpoints, log } = context;
  const { record, destination } = attempted;
  const nowMs = clock.nowMs();
  const isSent = { ...sentChange(acknowledged, nowMs), state: 'processing' } as const;
  const stays = record.source === null ? isSent : { ...isSent, state: record.state };
  if (error.answer === 'cancelled') {
    await journal.change(record.id, stays);
    return 'handed-back';
  }
  const decision = decideFailure(error, record.failures, settings, random, nowMs);
  if (!holdsEndpoint(decision)) endpoints.noteCall(destination.endpoint, error, bucketName(record));
  if (isRefuted(error, record)) {
    await uploader.forget(asking, acknowledged);
    log.warn(fieldsOf(record, error), 'what was sent did not arrive; it is sent again');
    if (decision.kind === 'retry') return retryLater(context, attempted, error, decision, unsentChange);
    return giveUp(context, attempted, error, 'what is sent does not arrive');
  }
  switch (decision.kind) {
    case 'retry':
      return retryLater(context, attempted, error, decision, stays);
    case 'hold':
      return held(context, attempted, error, decision, stays);
    case 'await-bucket':
      return awaitBucket(context, attempted, error, stays);
    default:
      log.warn(fieldsOf(record, error), 'nothing proves that it arrived; it was acknowledged');
      return delivered(context, attempted, { ...acknowledged, verified: 'none' });
  }
}

/**
 * The disk did not let the file be moved: nothing is wrong with it, and what was done so far is not done again.
 * @param more what was reached so far
 */
export async function localTrouble(
  context: DeliveryContext,
  attempted: Attempted,
  error: SluiceError,
  more: RecordChange,
): Promise<DeliveryOutcome> {
  const { settings, random, clock } = context;
  const { failures } = attempted.record;
  const nowMs = clock.nowMs();
  if (error.holds === 'disk') {
    const hold = { kind: 'hold', holds: 'disk', atMs: nowMs + settings.probeIntervalMs } as const;
    return held(context, attempted, error, hold, more, true);
  }
  return retryLater(context, attempted, error, retryAlone(error, failures, settings, random, nowMs), more);
}

/** The file was given up in an earlier attempt and could not be moved: only that is done again. */
export async function moveToFailed(context: DeliveryContext, attempted: Attempted): Promise<DeliveryOutcome> {
  const { journal, settings, random, clock, log } = context;
  const { record } = attempted;
  const resting = await rest(context, record);
  const nowMs = clock.nowMs();
  if ('trouble' in resting) {
    const { atMs, failures } = retryAlone(resting.trouble, record.failures, settings, random, nowMs);
    await journal.change(record.id, { failures, nextAttemptAtMs: atMs });
    return 'waiting';
  }
  if (!resting.place) {
    // It was moved, and the row that says so was not written.
    const found = await originOf(record).findAgain(context, record);
    if (found !== undefined) return found;
  }
  await journal.change(record.id, restedChange(resting.place, nowMs));
  log.warn({ ...logFields(record), code: record.errorCode, reason: record.errorMessage }, 'moved to failed');
  return 'failed';
}

/** The end: the record says why it is given up, and then the file goes to `failed`, now or as soon as it can be moved. */
async function giveUp(
  context: DeliveryContext,
  attempted: Attempted,
  error: SluiceError,
  why: string,
): Promise<DeliveryOutcome> {
  const { journal, settings, random, clock, log } = context;
  const { record, destination } = attempted;
  const givenUpMs = clock.nowMs();
  const keyMark = KEY_CAUSES.includes(error.code) ? attempted.keyMark : null;
  // Exchanged while the refusal was on its way: whatever follows from that has been done already, without this file.
  if (keyMark !== null && keyMark !== destination.store.key?.mark())
    return retryLater(
      context,
      attempted,
      error,
      { kind: 'retry', atMs: givenUpMs, failures: record.failures },
      {},
    );
  const row = attemptRow(attempted.startedAt, givenUpMs, error);
  const given = failedChange(record, error, { location: null }, givenUpMs, keyMark);
  const stays = record.source !== null;
  // On record before the move: nothing in `failed` could say why it is there.
  const change: RecordChange = stays ? given : { ...given, state: 'processing', nextAttemptAtMs: givenUpMs };
  await journal.recordAttempt(record.id, row, change);
  const resting = stays ? undefined : await rest(context, record);
  const nowMs = clock.nowMs();
  if (resting && 'trouble' in resting) {
    const { trouble } = resting;
    const { atMs } = retryAlone(trouble, record.failures, settings, random, nowMs);
    await journal.change(record.id, { nextAttemptAtMs: atMs });
    log.warn({ ...fieldsOf(record, error), why, trouble: trouble.message }, 'cannot be moved to failed');
    return 'waiting';
  }
  if (resting) await journal.change(record.id, restedChange(resting.place, nowMs));
  log.warn({ ...fieldsOf(record, error), why, steps: attempted.steps.all }, 'moved to failed');
  return 'failed';
}

async function rest(
  context: DeliveryContext,
  record: FileRecord,
): Promise<{ readonly place: RestingPlace | undefined } | { readonly trouble: SluiceError }> {
  try {
    return { place: await originOf(record).fail(context, record) };
  } catch (error) {
    return { trouble: asFileError(error, { operation: 'move to failed' }) };
  }
}

function holdsEndpoint(decision: FailureDecision): boolean {
  return decision.kind === 'hold' && decision.holds === 'endpoint';
}

/** The file waits with its place, or alone where nothing else shows that the place is to blame. */
async function held(
  context: DeliveryContext,
  attempted: Attempted,
  error: SluiceError,
  decision: Extract<FailureDecision, { readonly kind: 'hold' }>,
  more: RecordChange,
  isLocal = false,
): Promise<DeliveryOutcome> {
  const { journal, clock, random, settings, holds, endpoints, spool, log } = context;
  const { record, destination, startedAt } = attempted;
  if (error.code === 'machine_short') return handBackForNow(context, attempted, error, more);
  const path = originOf(record).path(spool, record);
  const suspected = holdsEndpoint(decision)
    ? await endpoints.suspect(destination.endpoint, error)
    : undefined;
  if (suspected === 'alone') return intercepted(context, attempted, asIntercepted(error), decision, more);
  const finding = suspected ?? (await holds.suspect({ destination, record, path, error, isLocal }));
  const nowMs = clock.nowMs();
  if (finding === 'of-file' && acknowledgedOf({ ...record, ...more }) === undefined) {
    const counted = decideCounted(error, record.failures, settings, random, nowMs);
    if (counted.kind === 'give-up') return giveUp(context, attempted, error, counted.why);
    return retryLater(context, attempted, error, counted, more);
  }
  if (finding === 'alone' || finding === 'of-file') {
    const again = retryAlone(error, record.failures, settings, random, nowMs);
    if (isLocal && acknowledgedOf({ ...record, ...more })) warnOfStanding(context, record, error);
    return retryLater(context, attempted, error, again, more);
  }
  const { place, fileHold } = finding;
  // A start takes the hold up again by it, as long as the key is the same.
  const keyMark = place?.kind === 'profile' ? destination.store.key?.mark() : undefined;
  const waiting = { ...decision, fileHold, keyMark };
  const change = { ...waitingChange(waiting, error), ...more };
  // The try that met it first is on record; others are as if they had not been made.
  if (finding.isNew) await journal.recordAttempt(record.id, attemptRow(startedAt, nowMs, error), change);
  else await journal.change(record.id, change);
  if (fileHold) holds.recorded(record, fileHold);
  log.debug({ ...fieldsOf(record, error), holds: decision.holds }, 'waits until the place is right again');
  return 'waiting';
}

/** What was sent stands where it is: the folder may be written no more, for one. */
function warnOfStanding({ messages, log }: DeliveryContext, record: FileRecord, error: SluiceError): void {
  const suppressed = messages.admit(`standing ${error.code}`);
  if (suppressed === undefined) return;
  const facts = { ...fieldsOf(record, error), hint: error.hint, repeated: suppressed || undefined };
  log.warn(facts, 'it was sent, and cannot be moved or deleted; only that is tried again');
}

/** This machine has too little of something: nothing is held, the file is as if it had not been tried, and less goes at once. */
async function handBackForNow(
  { journal, shortage }: DeliveryContext,
  { record, destination }: Attempted,
  error: SluiceError,
  more: RecordChange,
): Promise<DeliveryOutcome> {
  if (Object.keys(more).length > 0) await journal.change(record.id, more);
  shortage.metSending(record, destination.endpoint, error);
  return 'handed-back';
}

/** Only requests of this file, or of its bucket, are answered so: it waits alone or with its bucket. */
async function intercepted(
  context: DeliveryContext,
  attempted: Attempted,
  error: SluiceError,
  decision: Extract<FailureDecision, { readonly kind: 'hold' }>,
  more: RecordChange,
): Promise<DeliveryOutcome> {
  const { settings, random, clock, holds, lone } = context;
  const { record } = attempted;
  const { times, isOfBucket } = lone.failed(record);
  // The file that brought its bucket's hold, and was disproved by others that arrived, waits alone.
  if (isOfBucket && !holds.isRefuted(record))
    return held(context, attempted, asOfBucket(error), { ...decision, holds: 'bucket' }, more);
  const { atMs } = retryAlone(error, times - 1, settings, random, clock.nowMs());
  // Nothing of it counts.
  return retryLater(context, attempted, error, { kind: 'retry', atMs, failures: record.failures }, more);
}

async function awaitBucket(
  { journal, buckets, clock, log }: DeliveryContext,
  { record, startedAt }: Attempted,
  error: SluiceError,
  more: RecordChange,
): Promise<DeliveryOutcome> {
  buckets.forget(record.profile, record.bucket);
  const row = attemptRow(startedAt, clock.nowMs(), error);
  const change = { ...waitingChange({ kind: 'await-bucket' }, error), ...more };
  await journal.recordAttempt(record.id, row, change);
  log.error(fieldsOf(record, error), 'bucket does not exist; its files wait');
  return 'waiting';
}

async function retryLater(
  { journal, clock, endpoints, log }: DeliveryContext,
  { record, destination, startedAt, steps }: Attempted,
  error: SluiceError,
  decision: Extract<FailureDecision, { readonly kind: 'retry' }>,
  more: RecordChange,
): Promise<DeliveryOutcome> {
  const row = attemptRow(startedAt, clock.nowMs(), error);
  const change = { ...waitingChange(decision, error), ...more };
  const attempt = await journal.recordAttempt(record.id, row, change);
  const link = endpoints.stateOf(destination.endpoint);
  const nextAttemptAt = new Date(decision.atMs).toISOString();
  const words = attempt === 1 ? 'backoff entered' : 'retried, failed again';
  log.info({ ...fieldsOf(record, error), attempt, nextAttemptAt, link, steps: steps.all }, words);
  return 'waiting';
}

function fieldsOf(record: FileRecord, { code, message }: SluiceError) {
  return { ...logFields(record), code, reason: message };
}

function bucketName(record: FileRecord): string {
  return `${record.profile}/${record.bucket}`;
}
