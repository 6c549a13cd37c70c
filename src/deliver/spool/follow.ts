import { type FileRecord, type FileState, goneChange, type RecordChange } from '../../keep/local/journal.ts';
import type { SpoolContext } from '../context.ts';
import { identityOf, sameIdentity } from './files.ts';
import { freeNameCandidates } from './free-name.ts';
import type { Spool } from './spool.ts';

/**
 * Brings a record to where its file is when the move was made and the record's change was not: cases 3, 5, 7 and 8 of
 * reconcile.ts, after a crash, or when the journal's disk was full. May be called again.
 * @returns the state that the record is in now; undefined when its file is nowhere else
 */
export async function follow(
  { spool, journal, clock }: SpoolContext,
  record: FileRecord,
): Promise<FileState | undefined> {
  const nowMs = clock.nowMs();
  if (record.state === 'incoming') {
    const moved = spool.fileAt('processing', record);
    if (moved?.ino !== record.inode || journal.byAddress(record, 'processing')) return undefined;
    const identity = identityOf(moved);
    // Saying what it is takes back that it was sent.
    const isSame = sameIdentity(identity, record);
    await journal.change(record.id, {
      size: isSame ? undefined : identity.size,
      mtimeMs: isSame ? undefined : identity.mtimeMs,
      inode: isSame ? undefined : identity.inode,
      state: 'processing',
      hold: null,
      nextAttemptAtMs: nowMs,
    });
    return 'processing';
  }
  const waiting = spool.fileAt('incoming', record);
  if (waiting && sameIdentity(identityOf(waiting), record) && !journal.byAddress(record, 'incoming')) {
    await journal.change(record.id, { state: 'incoming', nextAttemptAtMs: nowMs });
    return 'incoming';
  }
  const completedName = nameIn(spool, 'completed', record);
  if (completedName !== undefined) {
    // Only a verified try leads there; its row was cut off.
    const noError = { errorAnswer: null, errorCode: null, errorMessage: null };
    const finishedAt = new Date(nowMs).toISOString();
    const attempt = { startedAt: record.lastUpdated, finishedAt, outcome: 'success', ...noError } as const;
    await journal.recordAttempt(record.id, attempt, {
      ...noError,
      state: 'completed',
      outcome: 'success',
      nextAttemptAtMs: null,
      hold: null,
      location: locationInArea(completedName, record),
      completedAtMs: nowMs,
      failures: 0,
    });
    return 'completed';
  }
  const failedName = nameIn(spool, 'failed', record);
  if (failedName === undefined) return undefined;
  await journal.change(record.id, {
    state: 'failed',
    outcome: 'failure',
    nextAttemptAtMs: null,
    hold: null,
    location: locationInArea(failedName, record),
  });
  return 'failed';
}

/** What a record becomes whose file somebody took away. Pure. */
export function vanishedChange(nowMs: number): RecordChange {
  return goneChange('the file was taken away before it was delivered', nowMs);
}

/** The path below the bucket's folder under which the very file of the record lies in an area; undefined: it does not. */
export function nameIn(spool: Spool, area: 'completed' | 'failed', record: FileRecord): string | undefined {
  return freeNameCandidates(record.filepath, record.id).find(location => {
    const stats = spool.fileAt(area, record, location);
    return stats !== undefined && sameIdentity(identityOf(stats), record);
  });
}

/** That name as a record has it: null where it is the path itself. Pure. */
export function locationInArea(name: string, record: FileRecord): string | null {
  return name === record.filepath ? null : name;
}
