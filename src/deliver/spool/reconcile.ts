import type { Stats } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import type { FileAddress, FileRecord, FileState, Journal, UploadOutcome } from '../../keep/local/journal.ts';
import { addressOf } from './address.ts';
import { freeNameCandidates } from './free-name.ts';
import { creationDateOf, identityOf, type Spool, sameIdentity } from './spool.ts';
import { type Found, walkFiles } from './walk.ts';

/**
 * Makes the journal and the tree agree at start (S12). A file's way, and where a crash or a power cut can come between:
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
 *  11. copy announced, record `incoming_tmp`          dead copy: in incoming → the first scan takes it over; else it never arrived
 *  12. record of a file that is nowhere              `failed`, source_missing, removed
 *  13. removed by retention, record `completed`      noticed by the next retention pass
 *
 * The move to completed or failed is on the disk before its record changes, so "record completed, file in processing"
 * cannot come about. Every step here may itself be cut off and is done again at the next start.
 */
export interface ReconcileOptions {
  readonly spool: Spool;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly knows: (profile: string) => boolean;
  /** Something in `processing` that cannot be delivered. */
  readonly onOdd: (path: string, message: string) => void;
  /** Whether a copy that is still running works on that address. */
  readonly isBeingCopied: (address: FileAddress) => boolean;
}

export interface Reconciled {
  /** Files in `processing`. */
  readonly processing: number;
  /** Records that said something else than the tree. */
  readonly corrected: number;
}

const PAGE = 500;

export async function reconcile(options: ReconcileOptions): Promise<Reconciled> {
  const counts = { processing: 0, corrected: 0 };
  // Many at once, so that their changes share a commit: after the loss of a database all of them are new.
  const looking = new Set<Promise<void>>();
  for await (const found of walkFiles(options.spool.areaPath('processing'))) {
    if ('odd' in found) {
      options.onOdd(found.path, found.odd);
      continue;
    }
    const looked = seen(options, found, counts).finally(() => looking.delete(looked));
    looking.add(looked);
    if (looking.size >= PAGE) await Promise.all(looking);
  }
  await Promise.all(looking);
  for (const state of ['processing', 'incoming', 'incoming_tmp'] as const) {
    await eachRecord(options.journal, state, async record => {
      if (await lost(options, record)) counts.corrected += 1;
    });
  }
  return counts;
}

/** A file that lies in `processing`: cases 3, 4, 6, 9, 10. */
async function seen(
  { spool, journal, clock, knows, onOdd }: ReconcileOptions,
  { relative, path, stats }: Extract<Found, { stats: Stats }>,
  counts: { processing: number; corrected: number },
): Promise<void> {
  const address = addressOf(relative, knows);
  if ('fault' in address) return onOdd(path, address.fault);
  counts.processing += 1;
  const identity = identityOf(stats);
  const nowMs = clock.nowMs();
  const own = journal.byAddress(address, 'processing');
  if (own) {
    if (!sameIdentity(own, identity)) await journal.change(own.id, identity);
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
    const again = state === 'failed' ? { outcome: null, failures: 0, location: null } : {};
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
async function lost(options: ReconcileOptions, record: FileRecord): Promise<boolean> {
  const { spool, journal, clock, isBeingCopied } = options;
  if (record.source !== null) return false;
  if (record.state !== 'incoming_tmp' && spool.fileAt(record.state, record)) return false;
  if (record.state === 'incoming_tmp' && (spool.fileAt('incoming', record) || isBeingCopied(record)))
    return false;
  const nowMs = clock.nowMs();
  if (record.state === 'processing' && (await follow(options, record)) !== undefined) return true;
  await journal.change(record.id, vanished(nowMs));
  return true;
}

/**
 * Brings a record to where its file is when the move was made and the record's change was not: cases 3, 5, 7, 8, after a crash, or
 * when the journal's disk was full.
 * @returns the state that the record is in now; undefined when its file is nowhere else
 */
export async function follow(
  { spool, journal, clock }: Pick<ReconcileOptions, 'spool' | 'journal' | 'clock'>,
  record: FileRecord,
): Promise<FileState | undefined> {
  const nowMs = clock.nowMs();
  if (record.state === 'incoming') {
    const moved = spool.fileAt('processing', record);
    if (moved?.ino !== record.inode || journal.byAddress(record, 'processing')) return undefined;
    const taken = { ...identityOf(moved), state: 'processing', hold: null, nextAttemptAtMs: nowMs } as const;
    await journal.change(record.id, taken);
    return 'processing';
  }
  const waiting = spool.fileAt('incoming', record);
  if (waiting && sameIdentity(identityOf(waiting), record) && !journal.byAddress(record, 'incoming')) {
    await journal.change(record.id, { state: 'incoming', nextAttemptAtMs: nowMs });
    return 'incoming';
  }
  for (const area of ['completed', 'failed'] as const) {
    const location = whereIn(spool, area, record);
    if (location === undefined) continue;
    const ended = {
      ...{ state: area, nextAttemptAtMs: null, hold: null },
      outcome: (area === 'completed' ? 'success' : 'failure') as UploadOutcome,
      location: location === record.filepath ? null : location,
    };
    if (area === 'failed') await journal.change(record.id, ended);
    else {
      // Only a verified try leads there; its row was cut off.
      const times = { startedAt: record.lastUpdated, finishedAt: new Date(nowMs).toISOString() };
      const none = { errorClass: null, errorCode: null, errorMessage: null } as const;
      const change = { ...ended, ...none, completedAtMs: nowMs, failures: 0 };
      await journal.recordAttempt(record.id, { ...times, ...none, outcome: 'success' }, change);
    }
    return area;
  }
  return undefined;
}

/** What a record becomes whose file somebody took away. */
export function vanished(nowMs: number) {
  return {
    state: 'failed',
    outcome: 'failure',
    nextAttemptAtMs: null,
    hold: null,
    errorCode: 'source_missing',
    errorClass: 'permanent',
    errorMessage: 'the file was taken away before it was delivered',
    removedAtMs: nowMs,
  } as const;
}

function whereIn(spool: Spool, area: 'completed' | 'failed', record: FileRecord): string | undefined {
  return freeNameCandidates(record.filepath, record.id).find(location => {
    const stats = spool.fileAt(area, record, location);
    return stats !== undefined && sameIdentity(identityOf(stats), record);
  });
}

async function eachRecord(
  journal: Journal,
  state: FileState,
  visit: (record: FileRecord) => Promise<void>,
): Promise<void> {
  for (let afterId = 0; ; ) {
    const page = journal.inState(state, afterId, PAGE);
    if (page.length === 0) return;
    await Promise.all(page.map(visit));
    afterId = page.at(-1)?.id ?? afterId;
  }
}
