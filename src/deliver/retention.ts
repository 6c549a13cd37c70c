import type { Reclaimer } from '../keep/disk/budget.ts';
import { type FileRecord, hasProof } from '../keep/local/journal.ts';
import type { DeliveryContext } from './context.ts';
import { logFields } from './listing.ts';
import { originOf } from './origin/origin-of.ts';
import type { Retention } from './settings.ts';
import { identityOf, sameIdentity } from './spool/files.ts';

/** What retention works with. */
export type RetentionContext = Pick<DeliveryContext, 'spool' | 'journal' | 'clock' | 'log'>;

/** Removed in one pass; what is left waits for the next one. */
const PASS = 1000;
/** Files that a reclaimer reads in one go. */
const RECLAIM_PAGE = 500;

/** Whether the oldest retained file must go. Pure. */
export function mustGo(
  retention: Retention,
  file: { readonly completedAtMs: number | null },
  retainedBytes: number,
  nowMs: number,
): boolean {
  switch (retention.keep) {
    case 'always':
      return false;
    case 'never':
      return true;
    case 'within':
      return nowMs - (file.completedAtMs ?? nowMs) >= retention.ms || retainedBytes > retention.bytes;
  }
}

/**
 * Removes delivered files from `completed` as the setting says, delivered longest ago first. Only files with a record
 * that says their delivery was proven (`verified`) are touched, and only while they are still the very files delivered.
 * @param signal ends it after the file at hand: a stop does not wait for the others
 * @returns how many were removed
 */
export async function applyRetention(
  context: RetentionContext,
  retention: Retention,
  signal?: AbortSignal,
): Promise<number> {
  if (retention.keep === 'always') return 0;
  const { journal, clock } = context;
  let bytes = retention.keep === 'within' ? journal.retainedTotals().bytes : 0;
  let removed = 0;
  for (const record of journal.retained(PASS)) {
    if (signal?.aborted || !mustGo(retention, record, bytes, clock.nowMs())) break;
    bytes -= record.size;
    if (await removeCompleted(context, record)) removed += 1;
  }
  return removed;
}

/** Delivered files in `completed`, as what gives way first on a full disk: their bucket has them. */
export function completedFilesReclaimer(context: RetentionContext): Reclaimer {
  const { journal } = context;
  return {
    name: 'completed',
    async reclaimable() {
      const { files: inodes, bytes } = journal.retainedTotals();
      return { bytes, inodes };
    },
    async free(needed) {
      const freed = { files: 0, bytes: 0 };
      const isEnough = (): boolean => freed.bytes >= needed.bytes && freed.files >= needed.inodes;
      while (!isEnough()) {
        const page = journal.retained(RECLAIM_PAGE);
        for (const record of page) {
          if (isEnough()) break;
          if (!(await removeCompleted(context, record))) continue;
          freed.files += 1;
          freed.bytes += record.size;
        }
        if (page.length < RECLAIM_PAGE) break;
      }
      return freed;
    },
  };
}

/** Removes one delivered file, if it is still the very one delivered. @returns whether it was */
async function removeCompleted(
  { spool, journal, clock, log }: RetentionContext,
  record: FileRecord,
): Promise<boolean> {
  if (record.outcome !== 'success' || !hasProof(record)) return false;
  const stats = originOf(record).completedFile(spool, record);
  const isSame = stats !== undefined && sameIdentity(identityOf(stats), record);
  if (isSame) spool.remove('completed', record, record.location);
  // One that is gone, or that somebody put another in the place of, no longer counts.
  await journal.change(record.id, { removedAtMs: clock.nowMs() });
  if (isSame) log.debug(logFields(record), 'removed from completed');
  return isSame;
}
