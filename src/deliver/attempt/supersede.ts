import { SluiceError } from '../../base/errors.ts';
import type { FileRecord } from '../../keep/local/journal.ts';
import type { DeliveryContext } from '../context.ts';
import { logFields } from '../listing.ts';
import { objectNamesOf } from '../object-names.ts';
import { failedChange, restedChange } from './outcome.ts';

/**
 * Takes older files that would become the same object, of the spool or of a folder, out of the way of a newer one, where
 * they wait for another try or for something to happen: each is recorded as superseded; one of the spool is kept in
 * `failed`. One that is being tried, or is due, goes first; one that has no content yet is none.
 * @param newer to be sent now
 * @returns whether the way is free
 */
export async function supersedeOlder(context: DeliveryContext, newer: FileRecord): Promise<boolean> {
  const { journal, settings, clock } = context;
  const older = journal.olderUnderWay(newer, objectNamesOf(newer, settings));
  for (const record of older) {
    if (record.hold === 'empty') continue;
    // One of the spool that has not been taken up waits for the bucket that both go to.
    const goesFirst = record.source === null && record.state === 'incoming';
    if (goesFirst || !waits(record, clock.nowMs()) || !(await supersede(context, record, newer)))
      return false;
  }
  return true;
}

/** @returns false, and nothing has changed, while it is being tried */
async function supersede(context: DeliveryContext, older: FileRecord, newer: FileRecord): Promise<boolean> {
  const { journal, spool, clock, log } = context;
  const release = context.withhold(older.id);
  if (!release) return false;
  try {
    const error = new SluiceError('superseded', 'a newer file of that path came before it was delivered');
    const nowMs = clock.nowMs();
    const given = failedChange({ failures: older.failures - 1 }, error, { location: null }, nowMs);
    const stays = older.source !== null;
    // On record before the move, as all that is given up: nothing in `failed` could say why it is there.
    const change = stays ? given : { ...given, state: older.state, nextAttemptAtMs: nowMs };
    if (!(await journal.changeIf(older.id, older.state, change))) return false;
    if (!stays) {
      const place = await spool.finish('failed', older, older.id);
      await journal.change(older.id, restedChange(place, clock.nowMs()));
    }
    log.info({ ...logFields(older), newer: newer.id }, 'superseded by a newer file');
    return true;
  } finally {
    release();
  }
}

/** Whether it is not about to be tried. Pure. */
function waits({ nextAttemptAtMs, hold }: FileRecord, nowMs: number): boolean {
  return hold !== null || nextAttemptAtMs === null || nextAttemptAtMs > nowMs;
}
