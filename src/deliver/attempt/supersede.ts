import { SluiceError } from '../../base/errors.ts';
import type { FileRecord } from '../../keep/local/journal.ts';
import type { DeliveryContext } from '../context.ts';
import { logFields } from '../listing.ts';
import { failedChange } from './outcome.ts';

/**
 * Takes an older file out of the way of a newer one at its address, where it waits for another try or for something to
 * happen: it is recorded as superseded and kept in `failed`. One that is being tried, or is due, goes first.
 * @param newer in incoming, and to be sent
 * @returns whether the way is free
 */
export async function supersedeOlder(context: DeliveryContext, newer: FileRecord): Promise<boolean> {
  const { journal, spool, clock, log } = context;
  const older = journal.byAddress(newer, 'processing');
  if (!older || !waits(older, clock.nowMs())) return false;
  const release = context.withhold(older.id);
  if (!release) return false;
  try {
    const place = await spool.finish('failed', older, older.id);
    const error = new SluiceError('superseded', `a newer file of that path came before it was delivered`);
    const nowMs = clock.nowMs();
    const change = failedChange({ failures: older.failures - 1 }, error, place, nowMs, null);
    await journal.changeIf(older.id, 'processing', change);
    log.info({ ...logFields(older), newer: newer.id }, 'superseded by a newer file; kept in failed');
    return true;
  } finally {
    release();
  }
}

/** Whether it is not about to be tried. Pure. */
function waits({ nextAttemptAtMs, hold }: FileRecord, nowMs: number): boolean {
  return hold !== null || nextAttemptAtMs === null || nextAttemptAtMs > nowMs;
}
