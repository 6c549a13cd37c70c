import { SluiceError } from '../../../base/errors.ts';
import type { SqlExecutor } from '../executor.ts';

/**
 * Has changes of one repository go one after the other, until the transaction ends: what is decided from what is read
 * stays true until it is written. Others may read meanwhile, and refer to it.
 */
export async function lockRepository(transaction: SqlExecutor, id: number): Promise<void> {
  await transaction.query('SELECT FROM repositories WHERE id = $1 FOR NO KEY UPDATE', [id]);
}

/** The same for a thing that has no row of its own: whoever names it waits. */
export async function lockName(transaction: SqlExecutor, name: string): Promise<void> {
  await transaction.query('SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || $1, 0))', [
    name,
  ]);
}

/** As `lockName`, but only who locks it waits, and is waited for: any number share it. */
export async function shareName(transaction: SqlExecutor, name: string): Promise<void> {
  await transaction.query(
    'SELECT pg_advisory_xact_lock_shared(hashtextextended(current_schema() || $1, 0))',
    [name],
  );
}

/**
 * Has a claim stay whose it is until the transaction ends: nobody else can take its target over meanwhile. To be locked
 * before rows of the store, as all that changes targets does. Without a claim there is nothing to be sure of.
 * @throws SluiceError `lease_lost` where it is held no more
 */
export async function holdClaim(transaction: SqlExecutor, token: number | undefined): Promise<void> {
  if (token === undefined) return;
  if (await transaction.first('SELECT key FROM targets WHERE claim_token = $1 FOR SHARE', [token])) return;
  throw new SluiceError('lease_lost', 'another station has gone on with this repository', {
    operation: 'write',
  });
}
