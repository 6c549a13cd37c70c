import { SluiceError } from '../../../base/errors.ts';
import type { Database } from '../database.ts';

/** Of the claims in force, of which there are only as many as work runs at once. */
const HELD = 'SELECT 1 FROM targets WHERE lease_owner IS NOT NULL AND claim_token = ?';

/**
 * Makes a change in a transaction in which its claim is still held: a process that stood still for longer than its lease
 * may go on when somebody else has it. Without a claim there is nothing to be sure of.
 * @param claim the claim's token
 * @throws SluiceError `lease_lost` where it is held no more; nothing has changed then
 */
export function writeUnder<T>(database: Database, claim: number | undefined, change: () => T): Promise<T> {
  return database.write(() => {
    if (claim === undefined || database.statement(HELD).get(claim)) return change();
    throw new SluiceError('lease_lost', 'another process has gone on with this repository', {
      operation: 'write',
    });
  });
}
