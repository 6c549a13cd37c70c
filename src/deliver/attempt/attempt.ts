import { asFileError, asSluiceError, type ErrorCode, type SluiceError } from '../../base/errors.ts';
import type { OpenedFile } from '../../base/files/opened-file.ts';
import { consecutiveSteps, type Span } from '../../base/spans.ts';
import type { FileRecord } from '../../keep/local/journal.ts';
import type { DeliveryContext } from '../context.ts';
import type { Destination } from '../destinations.ts';
import { objectNamesOf } from '../object-names.ts';
import type { BegunAttempt, Refusal } from '../origin/file-origin.ts';
import { originOf } from '../origin/origin-of.ts';
import { heldAlready } from './adopt.ts';
import { acknowledgedStill, deliveredAlready } from './content-known.ts';
import { type Attempted, delivered, failed, localTrouble, moveToFailed, unproven } from './endings.ts';
import { emptied, gone, refused } from './not-there.ts';
import { acknowledgedOf, type DeliveryOutcome } from './outcome.ts';
import { StepTimes } from './step-times.ts';
import { sourceMissing } from './upload/content.ts';
import type { Acknowledged, Asking, Turn } from './upload/sending.ts';

/**
 * One try at one file, from where it lies to where its outcome puts it (outcome.ts decides which that is, endings.ts does
 * it):
 *
 *   incoming ──begin──▶ processing ──upload──▶ sent ──proof──▶ proven ──move──▶ completed
 *      │ ▲                  │  ▲     ╲           │ ▲              │ ▲
 *      ▼ │                  ▼  │      ▶ failed   ▼ │              ▼ │
 *   waits: empty,        waits: next try's     waits: only the  waits: only the move
 *   bucket missing,      time, bucket missing, question is      is done again
 *   place held           place held            asked again
 *
 * The journal's row says `processing` after the move and `completed` or `failed` after a move that is on the disk; that
 * a file is sent it says (`sentAtMs`) when the attempt ends there, or before its move leaves nothing that would show it
 * (a folder's `after: delete` and `after: completed`). reconcile.ts lists what a crash between leaves. Throws
 * only what the journal throws.
 */
export async function attemptDelivery(
  context: DeliveryContext,
  destination: Destination,
  record: FileRecord,
  turn: Turn,
): Promise<DeliveryOutcome> {
  const attempted: Attempted = {
    destination,
    record,
    startedAt: new Date(context.clock.nowMs()).toISOString(),
    keyMark: destination.store.key?.mark() ?? null,
    steps: new StepTimes(context.clock, record),
    signal: turn.signal,
  };
  const hold = context.holds.holdOf(record);
  if (hold !== undefined) {
    await context.journal.change(record.id, { hold, nextAttemptAtMs: null });
    context.holds.recorded(record, hold);
    return 'waiting';
  }
  // Given up in an earlier attempt, which could not move it.
  if (record.state === 'processing' && record.outcome === 'failure') return moveToFailed(context, attempted);
  if (record.state === 'processing' && isEmptied(context, record)) return emptied(context, record);
  let begun: BegunAttempt | undefined;
  if (record.state === 'incoming') {
    const beginning = await begin(context, attempted, turn.signal);
    // The question that is left needs no file.
    const isToBeProven = record.source !== null && acknowledgedOf(record)?.verified === null;
    if (beginning !== 'gone' || !isToBeProven) {
      if (beginning === 'gone') return gone(context, record);
      if (typeof beginning === 'string') return beginning;
      if ('fault' in beginning) return refused(context, record, beginning.fault);
      begun = beginning;
      attempted.steps.done('moved');
    }
  }
  const { acknowledged, end, error } = await sendAndProve(context, attempted, begun, turn);
  // What the journal throws from here on is no failure of the upload.
  try {
    await begun?.onRecord;
  } catch (error) {
    if (acknowledged) context.uploader.remember(record.id, acknowledged);
    throw error;
  }
  const outcome = await end();
  context.spans?.add(spanOf(context, attempted, outcome, error));
  return outcome;
}

/** The steps are those of the log, in turn. */
function spanOf(
  { clock }: DeliveryContext,
  { record, startedAt, steps, destination }: Attempted,
  outcome: DeliveryOutcome,
  error: SluiceError | undefined,
): Span {
  const startMs = Date.parse(startedAt);
  const { movedMs, sentMs, verifiedMs, completedMs, waitedMs } = steps.all;
  return {
    name: 'deliver',
    startMs,
    endMs: clock.nowMs(),
    attributes: {
      'sluice.profile': record.profile,
      'sluice.bucket': record.bucket,
      'sluice.path': record.filepath,
      'sluice.record': record.id,
      'sluice.bytes': record.size,
      'sluice.attempt': record.attempts + 1,
      'sluice.waited_ms': waitedMs,
      'sluice.endpoint': destination.endpoint,
      'sluice.outcome': outcome,
    },
    error,
    steps: consecutiveSteps(startMs, {
      move: movedMs,
      send: sentMs,
      verify: verifiedMs,
      complete: completedMs,
    }),
  };
}

/**
 * Whether a file that had content when it was taken has none: cut off while it is written anew, or lost in a power cut
 * before it was on the disk.
 */
function isEmptied({ spool, settings }: DeliveryContext, record: FileRecord): boolean {
  if (record.source !== null || settings.emptyFiles !== 'wait' || (record.copied && record.size === 0))
    return false;
  try {
    return spool.fileAt('processing', record)?.size === 0;
  } catch {
    // Whatever it is, opening the file meets it as well.
    return false;
  }
}

/** What says that a file cannot be moved or opened where it lies. */
const OF_THIS_DISK: readonly ErrorCode[] = [
  'disk_full',
  'disk_failed',
  'machine_short',
  'folder_unsafe',
  'spool_invalid',
];

/** A move that fails for the disk's sake is no failure of the file. */
async function begin(
  context: DeliveryContext,
  attempted: Attempted,
  signal: AbortSignal,
): Promise<BegunAttempt | Refusal | DeliveryOutcome> {
  const { record, destination } = attempted;
  try {
    return await originOf(record).begin(context, destination, record, signal);
  } catch (error) {
    const known = asFileError(error, { operation: 'take up' });
    if (!OF_THIS_DISK.includes(known.code)) throw error;
    return localTrouble(context, attempted, known, {});
  }
}

/** What came of sending. */
interface SendingOutcome {
  /** What the store has acknowledged, proven or not. */
  readonly acknowledged?: Acknowledged;
  /** How the attempt ends, to be done once its beginning is on record. */
  readonly end: () => Promise<DeliveryOutcome>;
  readonly error?: SluiceError;
}

async function sendAndProve(
  context: DeliveryContext,
  attempted: Attempted,
  begun: BegunAttempt | undefined,
  turn: Turn,
): Promise<SendingOutcome> {
  const { record, destination } = attempted;
  const { endpoints, uploader, settings } = context;
  const subject = originOf(record).path(context.spool, record);
  const asking: Asking = { store: destination.store, settings, record, ...turn };
  let acknowledged: Acknowledged | undefined;
  let file = begun?.file;
  try {
    file ??= originOf(record).open(context, record);
    const sentBefore = acknowledgedOf(record) ?? uploader.takeRemembered(record.id);
    acknowledged = await acknowledgedStill(sentBefore, file, turn.signal);
    // Found to be offline after it was chosen: nothing was tried.
    if (!acknowledged && settings.offline === 'hold' && endpoints.isOffline(destination.endpoint))
      return { end: async () => 'handed-back' };
    if (!acknowledged && !file) throw sourceMissing(subject);
    const before = acknowledged ? undefined : originOf(record).deliveredBefore(context, record);
    if (before && file) acknowledged = await deliveredAlready(context, asking, before, file);
    if (!acknowledged && file) acknowledged = await heldAlready(context, asking, file);
    if (!acknowledged && file) {
      context.held.forget(record.profile, record.bucket, objectNamesOf(record, settings).key);
      acknowledged = await upload(context, attempted, file, asking);
      attempted.steps.done('sent');
      endpoints.noteSent(destination.endpoint, `${record.profile}/${record.bucket}`);
    }
  } catch (error) {
    const known = asSluiceError(error, { operation: 'upload', subject });
    return { end: () => failed(context, attempted, known), error: known };
  } finally {
    file?.close();
  }
  const isSent = acknowledged as Acknowledged;
  try {
    const sent = await uploader.prove(asking, isSent);
    attempted.steps.done('verified');
    context.holds.arrived(record);
    context.lone.arrived(record);
    context.shortage.arrived(record);
    return { acknowledged: sent, end: () => delivered(context, attempted, sent) };
  } catch (error) {
    const known = asSluiceError(error, { operation: 'verify', subject });
    return {
      acknowledged: isSent,
      end: () => unproven(context, attempted, asking, isSent, known),
      error: known,
    };
  }
}

async function upload(
  { statistics, uploader, bandwidth }: DeliveryContext,
  { record }: Attempted,
  file: OpenedFile,
  asking: Asking,
): Promise<Acknowledged> {
  const name = `${record.profile}/${record.bucket}`;
  let underWayBytes = 0;
  try {
    return await uploader.send({
      ...asking,
      file,
      pace: bandwidth,
      key: originOf(record).objectKey(record),
      onProgress: bytes => {
        underWayBytes += bytes;
        statistics.addUnderWay(name, bytes);
      },
    });
  } finally {
    statistics.addUnderWay(name, -underWayBytes);
  }
}
