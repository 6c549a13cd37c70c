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
 * What failed for the sake of a profile's key goes again, since the key has become another. A change that could not be
 * followed, since the journal or a disk had no room, is followed in a later pass of maintenance.
 */
export class KeyRetries {
  readonly #context: () => DeliveryContext;
  /** Profiles whose change of key is still to be followed. */
  readonly #changed = new Set<string>();

  /** @param context as it is now: the plan may have been adopted since */
  constructor(context: () => DeliveryContext) {
    this.#context = context;
  }

  /** The key of a profile has become another. Throws what the journal and the moves throw. */
  async follow(profile: string): Promise<void> {
    this.#changed.add(profile);
    await this.#retry(profile);
  }

  /** Follows the changes that could not be followed so far; may be called again. Throws as `follow`. */
  async retry(): Promise<void> {
    for (const profile of [...this.#changed]) await this.#retry(profile);
  }

  async #retry(profile: string): Promise<void> {
    const context = this.#context();
    const { journal, clock, log } = context;
    let files = 0;
    for (const cause of KEY_CAUSES) {
      const outcomes = await retryFailed(context, { profile, cause });
      files += outcomes.filter(({ problem }) => problem === undefined).length;
    }
    await journal.makeDueNow(profile, clock.nowMs());
    this.#changed.delete(profile);
    log.info({ profile, files }, 'the key has changed; files that were refused for the old one go again');
  }
}
