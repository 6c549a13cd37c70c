import { asSluiceError, SluiceError } from '../../base/errors.ts';
import type { Attempt, FileIdentity, FileRecord, RecordChange } from '../../keep/local/journal.ts';
import type { Destination } from '../destinations.ts';
import { follow, vanished } from '../spool/reconcile.ts';
import { identityOf, regularFile } from '../spool/spool.ts';
import type { AttemptContext, DeliveryOutcome } from './attempt-context.ts';
import { isUnsettled, leaveFolder } from './folder-file.ts';
import { verdictOn } from './outcome.ts';
import type { Sending, Sent } from './upload/sending.ts';

const NO_ERROR = { errorCode: null, errorClass: null, errorMessage: null } as const;

/**
 * One try at one file, from where it lies to where the outcome puts it:
 *
 *   incoming ──rename──▶ processing ──upload, verify──▶ completed
 *      │ ▲                  │  ▲                    ╲
 *      ▼ │                  ▼  │                     ▶ failed
 *   waits: empty,        waits: next try's time,
 *   bucket missing       bucket missing
 *
 * The journal's row says `processing` after the rename and `completed` or `failed` after a rename that is on the disk;
 * reconcile.ts lists what a crash between leaves. Throws only what the journal or the spool throw.
 */
export async function attemptDelivery(
  context: AttemptContext,
  destination: Destination,
  record: FileRecord,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const { spool, clock } = context;
  let moved: Promise<void> | undefined;
  let seen: FileIdentity | undefined;
  if (record.state === 'incoming' && record.source === null) {
    const takenOff = await takeOff(context, destination, record, signal);
    if (typeof takenOff === 'string') return takenOff;
    ({ moved, seen } = takenOff);
  }
  if (record.source !== null && (await isUnsettled(context, record, record.source))) return 'waiting';
  const path = record.source ?? spool.pathOf('processing', record);
  const startedAt = new Date(clock.nowMs()).toISOString();
  const outcome = await upload(context, destination, record, {
    path,
    signal,
    ...(seen ? { seen } : {}),
  }).then(
    sent => ({ sent }),
    error => ({ error: asSluiceError(error, { operation: 'upload', subject: path }) }),
  );
  // What the journal or the spool throw from here on is no failure of the upload.
  await moved;
  return 'sent' in outcome
    ? land(context, record, outcome.sent, startedAt)
    : fail(context, destination, record, outcome.error, startedAt);
}

/** From `incoming` to `processing` (F19), unless it must wait where it is. */
async function takeOff(
  context: AttemptContext,
  destination: Destination,
  record: FileRecord,
  signal: AbortSignal,
): Promise<DeliveryOutcome | { readonly moved: Promise<void>; readonly seen: FileIdentity }> {
  const { spool, journal, settings, clock } = context;
  const stats = spool.fileAt('incoming', record);
  if (!stats) return gone(context, record);
  if (stats.size === 0 && settings.emptyFiles === 'wait') {
    await journal.change(record.id, { size: 0, hold: 'empty', nextAttemptAtMs: null });
    return 'waiting';
  }
  if ((await bucketMissing(context, destination, record, signal)) === true) return 'waiting';
  const result = spool.take(record);
  if (result === 'gone') return gone(context, record);
  if (result === 'blocked') {
    await journal.change(record.id, { nextAttemptAtMs: clock.nowMs() + settings.intervalMs });
    return 'blocked';
  }
  // Asked for before anything else can enter a file at that address; settled together with the outcome.
  const seen = identityOf(stats);
  const moved = journal.change(record.id, { state: 'processing', hold: null, ...seen });
  moved.catch(() => undefined);
  context.log.debug(about(record), 'moved to processing');
  return { moved, seen };
}

/** F44: leaves a file alone whose bucket is known not to exist. When that cannot be asked, the upload will tell. */
async function bucketMissing(
  context: AttemptContext,
  destination: Destination,
  record: FileRecord,
  signal: AbortSignal,
): Promise<boolean> {
  const { buckets, links, journal } = context;
  if (buckets.known(record.profile, record.bucket) === true || links.isOffline(destination.endpoint))
    return false;
  try {
    if (await buckets.exists(destination, record.bucket, signal)) return false;
  } catch (error) {
    links.saw(destination.endpoint, error);
    return false;
  }
  await journal.change(record.id, {
    ...{ hold: 'bucket', nextAttemptAtMs: null, errorCode: 'bucket_missing', errorClass: 'permanent' },
    errorMessage: `bucket ${record.bucket} does not exist`,
  });
  return true;
}

async function upload(
  context: AttemptContext,
  destination: Destination,
  record: FileRecord,
  file: Pick<Sending, 'path' | 'seen' | 'signal'>,
): Promise<Sent> {
  const { links, statistics, uploader, settings } = context;
  if (links.isOffline(destination.endpoint)) {
    throw new SluiceError('host_unreachable', `${destination.endpoint} is offline; not tried`, {
      operation: 'upload',
    });
  }
  const name = destinationOf(record);
  let inFlight = 0;
  try {
    const key = record.objectKey === null || record.source === null ? {} : { key: record.objectKey };
    const sent = await uploader.send({
      ...{ store: destination.store, settings, record, ...file, ...key },
      onProgress: bytes => {
        inFlight += bytes;
        statistics.inFlight(name, bytes);
      },
    });
    links.saw(destination.endpoint);
    return sent;
  } catch (error) {
    links.saw(destination.endpoint, error);
    throw error;
  } finally {
    statistics.inFlight(name, -inFlight);
  }
}

interface Finished {
  readonly location: string | null;
  readonly source?: null;
}

/** F20, F42: the object is there and verified. */
async function land(
  context: AttemptContext,
  record: FileRecord,
  sent: Sent,
  startedAt: string,
): Promise<DeliveryOutcome> {
  const { spool, journal, clock, statistics, log } = context;
  const isSpooled = record.source === null;
  const finished: Finished | undefined = isSpooled
    ? await spool.finish('completed', record, record.id)
    : await leaveFolder(context, record, sent);
  const nowMs = clock.nowMs();
  const { etag, crc32, verified, key, identity } = sent;
  const number = await journal.recordAttempt(record.id, attempt(startedAt, nowMs, null), {
    ...{ state: 'completed', outcome: 'success', failures: 0, nextAttemptAtMs: null, hold: null },
    ...{ location: finished?.location ?? null, objectKey: key, etag, crc32, verified, completedAtMs: nowMs },
    ...identity,
    ...NO_ERROR,
    ...(finished?.source === undefined ? {} : { source: finished.source }),
    // Somebody took it out of processing after it was sent.
    ...(finished === undefined ? { removedAtMs: nowMs } : {}),
  });
  statistics.delivered(destinationOf(record), identity.size);
  log.info({ ...about(record), bytes: identity.size, verified, key }, 'uploaded');
  if (record.failures > 0) log.debug({ ...about(record), attempt: number }, 'delivered after backoff');
  return 'completed';
}

async function fail(
  context: AttemptContext,
  destination: Destination,
  record: FileRecord,
  error: SluiceError,
  startedAt: string,
): Promise<DeliveryOutcome> {
  const { spool, journal, clock, random, settings, buckets, links, log, statistics } = context;
  const nowMs = clock.nowMs();
  const verdict = verdictOn(error, record.failures, settings, random, nowMs);
  if (verdict.kind === 'hand-back') return 'handed-back';
  if (verdict.kind === 'vanished') return gone(context, record);
  statistics.failed(destinationOf(record));
  const row = attempt(startedAt, nowMs, error);
  const said = { errorCode: error.code, errorClass: error.retry, errorMessage: error.message };
  const facts = { ...about(record), code: error.code, reason: error.message };
  if (verdict.kind === 'await-bucket') {
    buckets.forget(record.profile, record.bucket);
    await journal.recordAttempt(record.id, row, { ...said, hold: 'bucket', nextAttemptAtMs: null });
    log.error(facts, 'bucket does not exist; its files wait');
    return 'waiting';
  }
  if (verdict.kind === 'retry') {
    const change: RecordChange = { ...said, failures: verdict.failures, nextAttemptAtMs: verdict.atMs };
    const number = await journal.recordAttempt(record.id, row, change);
    const link = links.stateOf(destination.endpoint);
    const nextAttemptAt = new Date(verdict.atMs).toISOString();
    log.info(
      { ...facts, attempt: number, nextAttemptAt, link },
      number === 1 ? 'backoff entered' : 'retried, failed again',
    );
    return 'waiting';
  }
  const finished =
    record.source === null ? await spool.finish('failed', record, record.id) : { location: null };
  await journal.recordAttempt(record.id, row, {
    ...{ ...said, state: 'failed', outcome: 'failure', nextAttemptAtMs: null, hold: null },
    ...{ failures: record.failures + 1, location: finished?.location ?? null },
    ...(finished === undefined ? { removedAtMs: nowMs } : {}),
  });
  log.warn({ ...facts, why: verdict.why }, 'moved to failed');
  return 'failed';
}

async function gone(context: AttemptContext, record: FileRecord): Promise<DeliveryOutcome> {
  // It may have been replaced between two looks; what lies there now enters by itself.
  const here = record.source ?? context.spool.pathOf('processing', record);
  if (record.state === 'processing' && regularFile(here)) return 'waiting';
  if (record.source === null) {
    // The record may lag behind its file: the journal's disk was full after the move.
    const state = await follow(context, context.journal.byId(record.id) ?? record);
    if (state !== undefined) return state === 'completed' || state === 'failed' ? state : 'waiting';
  }
  await context.journal.change(record.id, vanished(context.clock.nowMs()));
  context.log.warn(about(record), 'the file was taken away before it was delivered');
  return 'gone';
}

function attempt(startedAt: string, nowMs: number, error: SluiceError | null): Omit<Attempt, 'number'> {
  return {
    startedAt,
    finishedAt: new Date(nowMs).toISOString(),
    outcome: error ? 'failure' : 'success',
    errorClass: error?.retry ?? null,
    errorCode: error?.code ?? null,
    errorMessage: error?.message ?? null,
  };
}

/** What every line of the log about a file carries (F51). */
export function about(record: FileRecord) {
  return { profile: record.profile, bucket: record.bucket, path: record.filepath, record: record.id };
}

function destinationOf(record: FileRecord): string {
  return `${record.profile}/${record.bucket}`;
}
