import { KEY_CAUSES } from './attempt/outcome.ts';
import type { DeliveryContext } from './context.ts';
import { retryFailed } from './failed.ts';

/** What was refused for the sake of a key that was exchanged while nothing ran goes again. */
export async function retryForOtherKeys(context: DeliveryContext): Promise<void> {
  const { journal, destinations, log } = context;
  for (const { profile, store } of destinations.values()) {
    const mark = store.key?.mark();
    const refused = mark === undefined ? [] : journal.failedForKey(profile, KEY_CAUSES, mark);
    if (refused.length === 0) continue;
    await retryFailed(context, { ids: refused.map(({ id }) => id) });
    const files = refused.length;
    log.info({ profile, files }, 'the key is another one; files that were refused for the old one go again');
  }
}

/**
 * What failed for the sake of a profile's key goes again, since the key has become another.
 * @returns how many files do
 */
export async function retryForRenewedKey(context: DeliveryContext, profile: string): Promise<number> {
  let files = 0;
  for (const cause of KEY_CAUSES) {
    const outcomes = await retryFailed(context, { profile, cause });
    files += outcomes.filter(({ problem }) => problem === undefined).length;
  }
  return files;
}
