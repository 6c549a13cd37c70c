import type { Stats } from 'node:fs';
import type { FileRecord, FileState, Journal } from '../../keep/local/journal.ts';
import type { SpoolContext } from '../context.ts';
import { originOf } from '../origin/origin-of.ts';
import { addressOf, type KnownProfiles } from './address.ts';
import { hasCopyFolder, removeDeadCopies } from './copies.ts';
import { creationDateOf, identityOf, sameIdentity } from './files.ts';
import { follow, vanishedChange } from './follow.ts';
import { type WalkedFile, walkFiles } from './walk.ts';

/**
 * Makes the journal and the tree agree at start. A file's way, and where a crash or a power cut can come between:
 *
 *   1. in incoming, no record                        the first scan enters it
 *   2. in incoming, record `incoming`                the first scan finds its record again
 *   3. moved to processing, record `incoming`        the record becomes `processing`
 *   4. in processing, record `processing`            tried when its time comes
 *   5. record `processing`, move lost (power cut)    file in incoming: the record becomes `incoming` again
 *   6. in processing, object sent, record not yet    4: sent again; the object is replaced by itself
 *   7. moved to completed, record `processing`       only verified files get there: the record becomes `completed`
 *   8. moved to failed, record `processing`          the record becomes `failed`
 *   9. moved back from failed for a retry, record `failed`   the record becomes `processing`
 *  10. in processing, no record (database lost)      a new record in `processing`
 *  11. copy announced, record `incoming_tmp`          dead copy: in incoming → the first scan takes it over; else the record goes
 *  12. record of a file that is nowhere              `failed`, source_missing, removed
 *      the same, on record as sent                   a try ends it as delivered
 *  13. removed by retention, record `completed`      noticed by the next retention pass
 *
 * A file of a folder that `after: delete` or `after: completed` takes away is on record as sent before; the try or the look
 * at it that finds it gone ends its record as delivered. The move to completed or failed is on the disk before its record changes, so "record completed, file in processing"
 * cannot come about. Every step here may itself be cut off and is done again at the next start.
 */
export async function reconcileSpool(context: ReconcileContext): Promise<Reconciled> {
  const counts = { processing: 0, corrected: 0 };
  // Many at once, so that their changes share a commit: after the loss of a database all of them are new.
  const underWay = new Set<Promise<void>>();
  for await (const file of walkFiles(context.spool.areaPath('processing'))) {
    if ('problem' in file) {
      context.onUndeliverable(file.path, file.problem);
      continue;
    }
    const one = reconcileFile(context, file, counts).finally(() => underWay.delete(one));
    underWay.add(one);
    if (underWay.size >= PAGE) await Promise.all(underWay);
  }
  await Promise.all(underWay);
  for (const state of ['processing', 'incoming', 'incoming_tmp'] as const) {
    await eachRecord(context.journal, state, async record => {
      if (await reconcileRecord(context, record)) counts.corrected += 1;
    });
  }
  return counts;
}

/**
 * Case 11 beside a running station: what a copy announced that has been killed since goes off the record, and its folder
 * with it. @returns how many records
 */
export async function settleDeadCopies({
  spool,
  journal,
}: Pick<SpoolContext, 'spool' | 'journal'>): Promise<number> {
  // Away with its disk, it says nothing of what was handed over.
  if (spool.isAway()) return 0;
  removeDeadCopies(spool);
  let settled = 0;
  await eachRecord(journal, 'incoming_tmp', async record => {
    if (spool.fileAt('incoming', record) !== undefined || hasCopyFolder(spool, record)) return;
    if (await journal.withdraw(record.id)) settled += 1;
  });
  return settled;
}

/** What reconciling works with. */
export interface ReconcileContext extends SpoolContext {
  readonly destinations: KnownProfiles;
  /** The mount that a path lies in and that is not there. */
  readonly mounts?: { awayAt(path: string): string | undefined };
  /** Something in `processing` that cannot be delivered. */
  readonly onUndeliverable: (path: string, fault: string) => void;
}

/** What reconciling came across. */
export interface Reconciled {
  /** Files in `processing`. */
  readonly processing: number;
  /** Records that said something else than the tree. */
  readonly corrected: number;
}

const PAGE = 500;

/** A file that lies in `processing`: cases 3, 4, 6, 9, 10. */
async function reconcileFile(
  { spool, journal, clock, destinations, onUndeliverable }: ReconcileContext,
  { relative, path, stats }: Extract<WalkedFile, { stats: Stats }>,
  counts: { processing: number; corrected: number },
): Promise<void> {
  const address = addressOf(relative, destinations);
  if ('fault' in address) return onUndeliverable(path, address.fault);
  counts.processing += 1;
  const identity = identityOf(stats);
  const nowMs = clock.nowMs();
  const own = journal.byAddress(address, 'processing');
  if (own) {
    // What was sent is for the next attempt to compare: it may be the same, restored.
    if (own.sentAtMs === null && !sameIdentity(own, identity)) await journal.change(own.id, identity);
    if (own.nextAttemptAtMs === null && own.hold === null)
      await journal.change(own.id, { nextAttemptAtMs: nowMs });
    return;
  }
  counts.corrected += 1;
  const nextAttemptAtMs = nowMs;
  for (const state of ['incoming', 'failed'] as const) {
    const record = journal.byAddress(address, state);
    if (!record || !sameIdentity(record, identity)) continue;
    if (spool.fileAt(state, address, record.location)?.ino === identity.inode) continue;
    const again = state === 'failed' ? { outcome: null, failures: 0, location: null, removedAtMs: null } : {};
    await journal.change(record.id, { state: 'processing', hold: null, nextAttemptAtMs, ...again });
    return;
  }
  const fileCreationDate = creationDateOf(stats);
  await journal.enter({
    ...address,
    ...identity,
    state: 'processing',
    fileCreationDate,
    nextAttemptAtMs,
    hold: null,
  });
}

/** A record whose file is not where it says: cases 5, 7, 8, 11, 12. @returns whether it was changed */
async function reconcileRecord(context: ReconcileContext, record: FileRecord): Promise<boolean> {
  if (!originOf(record).isAstray(context.spool, record)) return false;
  if (
    record.state === 'incoming' &&
    context.mounts?.awayAt(context.spool.pathOf('incoming', record)) !== undefined
  )
    return false;
  if (record.state === 'processing' && (await follow(context, record)) !== undefined) return true;
  // It has arrived, and what is left for a try to do needs no file.
  if (record.state === 'processing' && record.sentAtMs !== null) return false;
  if (record.state === 'incoming_tmp') return context.journal.withdraw(record.id);
  // Renamed before it was delivered, it may be on record under its new name as well, which goes on.
  await context.journal.changeUnmoved(record, vanishedChange(context.clock.nowMs()));
  return true;
}

async function eachRecord(
  journal: Journal,
  state: FileState,
  reconcile: (record: FileRecord) => Promise<void>,
): Promise<void> {
  for (let afterId = 0; ; ) {
    const page = journal.inState(state, afterId, PAGE);
    if (page.length === 0) return;
    await Promise.all(page.map(reconcile));
    afterId = page.at(-1)?.id ?? afterId;
  }
}
