import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { FileRecord, Journal } from '../keep/local/journal.ts';
import { about } from './attempt/attempt.ts';
import type { Retention } from './settings.ts';
import { identityOf, type Spool, sameIdentity } from './spool/spool.ts';

export interface RetentionOptions {
  readonly spool: Spool;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Removed in one pass; what is left waits for the next one. */
const PASS = 1000;

/** Whether the oldest kept file must go. Pure. */
export function mustGo(
  retention: Retention,
  file: { readonly completedAtMs: number | null },
  keptBytes: number,
  nowMs: number,
): boolean {
  switch (retention.keep) {
    case 'always':
      return false;
    case 'never':
      return true;
    case 'within':
      return nowMs - (file.completedAtMs ?? nowMs) >= retention.ms || keptBytes > retention.bytes;
  }
}

/**
 * Removes delivered files from `completed` as the setting says, delivered longest ago first (S6). Only files with a record that
 * says their delivery was verified are touched, and only while they are still the very files delivered.
 * @returns how many were removed
 */
export async function applyRetention(options: RetentionOptions, retention: Retention): Promise<number> {
  if (retention.keep === 'always') return 0;
  const { journal, clock } = options;
  let bytes = retention.keep === 'within' ? journal.retainedTotals().bytes : 0;
  let removed = 0;
  for (const record of journal.retained(PASS)) {
    if (!mustGo(retention, record, bytes, clock.nowMs())) break;
    bytes -= record.size;
    if (await removeKept(options, record)) removed += 1;
  }
  return removed;
}

/** Removes one delivered file, if it is still the very one delivered. @returns whether it was */
export async function removeKept(
  { spool, journal, clock, log }: RetentionOptions,
  record: FileRecord,
): Promise<boolean> {
  if (record.outcome !== 'success') return false;
  const stats = record.source === null ? spool.fileAt('completed', record, record.location) : undefined;
  const isSame = stats !== undefined && sameIdentity(identityOf(stats), record);
  if (isSame) spool.remove('completed', record, record.location);
  // One that is gone, or that somebody put another in the place of, is no longer ours to count.
  await journal.change(record.id, { removedAtMs: clock.nowMs() });
  if (isSame) log.debug(about(record), 'removed from completed');
  return isSame;
}
