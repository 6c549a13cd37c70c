import { SluiceError } from '../../../base/errors.ts';
import type { Database } from '../database.ts';

/** Of the claims in force, of which there are only as many as work runs at once. */
const HELD = 'SELECT 1 FROM targets WHERE lease_owner IS NOT NULL AND claim_token = ?';

/**
 * Makes sure, within a write, that a claim is still held: a process that stood still for longer than its lease may go on
 * when somebody else has it. Without a claim there is nothing to be sure of.
 * @throws SluiceError `lease_lost` where it is held no more
 */
export function holdClaim(database: Database, token: number | undefined): void {
  if (token === undefined || database.statement(HELD).get(token)) return;
  throw new SluiceError('lease_lost', 'another process has gone on with this repository', {
    operation: 'write',
  });
}
