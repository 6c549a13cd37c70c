import { asSluiceError, SluiceError } from '../../base/errors.ts';
import type { FileRecord } from '../../keep/local/journal.ts';
import type { DeliveryContext } from '../context.ts';
import type { Destination } from '../destinations.ts';
import { logFields } from '../listing.ts';
import type { BegunAttempt } from '../origin/file-origin.ts';
import { originOf } from '../origin/origin-of.ts';
import { hasProof } from '../retention.ts';
import { vanishedChange } from '../spool/follow.ts';
import {
  attemptRow,
  completedChange,
  type DeliveryOutcome,
  decideFailure,
  failedChange,
  waitingChange,
} from './outcome.ts';
import type { Sent } from './upload/sending.ts';

/**
 * One try at one file, from where it lies to where its outcome puts it (outcome.ts decides which that is):
 *
 *   incoming ──begin──▶ processing ──upload, verify──▶ completed
 *      │ ▲                  │  ▲                    ╲
 *      ▼ │                  ▼  │                     ▶ failed
 *   waits: empty,        waits: next try's time,
 *   bucket missing       bucket missing
 *
 * The journal's row says `processing` after the move and `completed` or `failed` after a move that is on the disk;
 * reconcile.ts lists what a crash between leaves. Throws only what the journal or the spool throw.
 */
export async function attemptDelivery(
  context: DeliveryContext,
  destination: Destination,
  record: FileRecord,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const origin = originOf(record);
  let begun: BegunAttempt | undefined;
  if (record.state === 'incoming') {
    const beginning = await origin.begin(context, destination, record, signal);
    if (beginning === 'gone') return gone(context, record);
    if (typeof beginning === 'string') return beginning;
    begun = beginning;
  }
  const path = origin.path(context.spool, record);
  const startedAt = new Date(context.clock.nowMs()).toISOString();
  let sent: Sent | undefined;
  let failure: unknown;
  try {
    sent = await upload(context, destination, record, path, begun, signal);
  } catch (error) {
    failure = error;
  }
  // What the journal or the spool throw from here on is no failure of the upload.
  await begun?.onRecord;
  if (sent) return complete(context, record, sent, startedAt);
  const error = asSluiceError(failure, { operation: 'upload', subject: path });
  return fail(context, destination, record, error, startedAt);
}

async function upload(
  context: DeliveryContext,
  destination: Destination,
  record: FileRecord,
  path: string,
  begun: BegunAttempt | undefined,
  signal: AbortSignal,
): Promise<Sent> {
  const { endpoints, statistics, uploader, settings } = context;
  if (endpoints.isOffline(destination.endpoint)) {
    throw new SluiceError('host_unreachable', `${destination.endpoint} is offline; not tried`, {
      operation: 'upload',
    });
  }
  const name = statisticsName(record);
  let underWayBytes = 0;
  try {
    const sent = await uploader.send({
      store: destination.store,
      settings,
      record,
      path,
      seen: begun?.seen,
      key: originOf(record).objectKey(record),
      signal,
      onProgress: bytes => {
        underWayBytes += bytes;
        statistics.addUnderWay(name, bytes);
      },
    });
    endpoints.noteCall(destination.endpoint);
    return sent;
  } catch (error) {
    endpoints.noteCall(destination.endpoint, error);
    throw error;
  } finally {
    statistics.addUnderWay(name, -underWayBytes);
  }
}

/** The object is there and verified. */
async function complete(
  context: DeliveryContext,
  record: FileRecord,
  sent: Sent,
  startedAt: string,
): Promise<DeliveryOutcome> {
  const { journal, clock, statistics, log } = context;
  const place = await originOf(record).complete(context, record, sent.identity, hasProof(sent));
  const nowMs = clock.nowMs();
  const row = attemptRow(startedAt, nowMs, null);
  const number = await journal.recordAttempt(record.id, row, completedChange(sent, place, nowMs));
  const { identity, verified, key } = sent;
  statistics.delivered(statisticsName(record), identity.size);
  log.info({ ...logFields(record), bytes: identity.size, verified, key }, 'uploaded');
  if (record.failures > 0) log.debug({ ...logFields(record), attempt: number }, 'delivered after backoff');
  return 'completed';
}

async function fail(
  context: DeliveryContext,
  destination: Destination,
  record: FileRecord,
  error: SluiceError,
  startedAt: string,
): Promise<DeliveryOutcome> {
  const { journal, clock, random, settings, buckets, endpoints, log, statistics } = context;
  const nowMs = clock.nowMs();
  const decision = decideFailure(error, record.failures, settings, random, nowMs);
  if (decision.kind === 'hand-back') return 'handed-back';
  if (decision.kind === 'vanished') return gone(context, record);
  statistics.failed(statisticsName(record));
  const row = attemptRow(startedAt, nowMs, error);
  const fields = { ...logFields(record), code: error.code, reason: error.message };
  if (decision.kind === 'give-up') {
    const place = await originOf(record).fail(context, record);
    await journal.recordAttempt(record.id, row, failedChange(record, error, place, nowMs));
    log.warn({ ...fields, why: decision.why }, 'moved to failed');
    return 'failed';
  }
  if (decision.kind === 'await-bucket') buckets.forget(record.profile, record.bucket);
  const attempt = await journal.recordAttempt(record.id, row, waitingChange(decision, error));
  if (decision.kind === 'await-bucket') {
    log.error(fields, 'bucket does not exist; its files wait');
    return 'waiting';
  }
  if (decision.kind === 'hold') {
    log.info({ ...fields, holds: decision.holds }, 'waits until the place is right again');
    return 'waiting';
  }
  const link = endpoints.stateOf(destination.endpoint);
  const nextAttemptAt = new Date(decision.atMs).toISOString();
  const words = attempt === 1 ? 'backoff entered' : 'retried, failed again';
  log.info({ ...fields, attempt, nextAttemptAt, link }, words);
  return 'waiting';
}

/** The file is not where it should be. */
async function gone(context: DeliveryContext, record: FileRecord): Promise<DeliveryOutcome> {
  // It gave way on a full disk, or a person dropped it: that is on record already.
  if ((context.journal.byId(record.id)?.removedAtMs ?? null) !== null) return 'gone';
  const outcome = await originOf(record).findAgain(context, record);
  if (outcome !== undefined) return outcome;
  await context.journal.change(record.id, vanishedChange(context.clock.nowMs()));
  context.log.warn(logFields(record), 'the file was taken away before it was delivered');
  return 'gone';
}

function statisticsName(record: FileRecord): string {
  return `${record.profile}/${record.bucket}`;
}
