import { type FileRecord, goneChange, type RecordChange } from '../../keep/local/journal.ts';
import type { DeliveryContext } from '../context.ts';
import { logFields } from '../listing.ts';
import { originOf } from '../origin/origin-of.ts';
import { vanishedChange } from '../spool/follow.ts';
import { type DeliveryOutcome, unsentChange } from './outcome.ts';

/** Nothing is in the file any more: it waits in `incoming` for content, as one that never had any. */
export async function emptied(
  { spool, journal, clock, settings, log }: DeliveryContext,
  record: FileRecord,
): Promise<DeliveryOutcome> {
  const isBack = spool.giveBack(record) === 'moved';
  // Else a newer file has its place, and supersedes it.
  const change: RecordChange = isBack
    ? { ...unsentChange, state: 'incoming', size: 0, hold: 'empty', nextAttemptAtMs: null }
    : { nextAttemptAtMs: clock.nowMs() + settings.intervalMs };
  await journal.change(record.id, change);
  if (isBack)
    log.warn(
      { ...logFields(record), bytes: record.size },
      'the file has lost its content; it waits for some',
    );
  return 'waiting';
}

/** The file is not where it should be. */
export async function gone(context: DeliveryContext, record: FileRecord): Promise<DeliveryOutcome> {
  // It gave way on a full disk, or a person dropped it: that is on record already.
  const now = context.journal.byId(record.id);
  if ((now?.removedAtMs ?? null) !== null) return 'gone';
  if (record.source === null && context.spool.isAway()) {
    context.holds.spoolAway();
    return 'handed-back';
  }
  const away = originOf(record).folderAway(context, record);
  if (away !== undefined) return awaitFolder(context, record, away);
  const outcome = await originOf(record).findAgain(context, record);
  if (outcome !== undefined) return outcome;
  // It may have been renamed, and its record with it.
  const isGone = await context.journal.changeUnmoved(
    { ...record, state: now?.state ?? record.state },
    vanishedChange(context.clock.nowMs()),
  );
  if (!isGone) return 'waiting';
  context.log.warn(logFields(record), 'the file was taken away before it was delivered');
  return 'gone';
}

/** What the file lies in is not there as a whole: it waits for that, and nothing of it counts. */
async function awaitFolder(
  { journal, clock, settings, holds }: DeliveryContext,
  record: FileRecord,
  path: string,
): Promise<DeliveryOutcome> {
  holds.folderAway(path);
  if (record.source === null) {
    await journal.change(record.id, { nextAttemptAtMs: clock.nowMs() + settings.probeIntervalMs });
    return 'waiting';
  }
  await journal.change(record.id, { hold: 'folder_held', nextAttemptAtMs: null });
  holds.recorded(record, 'folder_held');
  return 'waiting';
}

/** The file may not be taken as it lies now: it stays there, and the next look at it says why. */
export async function refused(
  context: DeliveryContext,
  record: FileRecord,
  fault: string,
): Promise<DeliveryOutcome> {
  const { journal, clock, log, spool } = context;
  const path = originOf(record).entryPath(spool, record);
  if (!(await journal.changeUnmoved(record, goneChange(`${path} ${fault}`, clock.nowMs())))) return 'waiting';
  log.warn(logFields(record), `not taken: ${path} ${fault}`);
  return 'gone';
}
