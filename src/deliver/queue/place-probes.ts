import { asSluiceError, type SluiceError } from '../../base/errors.ts';
import { type Place, placeKey } from '../../engine/place-hold.ts';
import type { Journal } from '../../keep/local/journal.ts';
import type { Destination } from '../destinations.ts';
import type { KnownMounts } from '../origin/known-mounts.ts';
import type { EndpointMonitor } from './endpoint-monitor.ts';
import { awayError, JOURNAL, type PlaceFinder } from './place-finder.ts';
import type { UnreadFile } from './source-check.ts';

export interface PlaceProbesOptions {
  /** By profile. */
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly endpoints: EndpointMonitor;
  readonly journal: Pick<Journal, 'probe'>;
  readonly finder: PlaceFinder;
  readonly mounts: Pick<KnownMounts, 'awayAt'>;
  readonly signal: AbortSignal;
}

/** What a probe learned: the place is right again, only a file can tell, or something is still wrong with it. */
export type ProbeAnswer =
  | { readonly answer: 'right' | 'try a file' }
  | {
      readonly answer: 'wrong';
      /** Undefined where nothing new was learned of the place. */
      readonly trouble?: SluiceError | undefined;
    };

/**
 * Asks a held place whether it can be used again:
 *
 *   kind                probe
 *   profile             its buckets are listed, then a file is tried
 *   bucket              its smallest file is tried
 *   disk of a profile   its buckets are listed, then a file is tried
 *   the journal         written
 *   disk of the spool   listed, a block written
 *   disk of a folder    looked for, listed, a file of it read
 */
export class PlaceProbes {
  readonly #options: PlaceProbesOptions;

  constructor(options: PlaceProbesOptions) {
    this.#options = options;
  }

  /** May be called again. @param file one of the place that could not be read */
  async ask(place: Place, file: UnreadFile | undefined): Promise<ProbeAnswer> {
    const { destinations } = this.#options;
    const { kind, name } = place;
    if (kind === 'bucket') return { answer: 'try a file' };
    if (kind === 'profile') {
      const destination = destinations.get(name);
      return destination ? this.#askForKey(destination) : { answer: 'right' };
    }
    const destination = [...destinations.values()].find(one => one.endpoint === name);
    const trouble = await this.#diskTrouble(place, destination, file);
    if (trouble) return { answer: 'wrong', trouble };
    return { answer: destination ? 'try a file' : 'right' };
  }

  async #diskTrouble(
    place: Place,
    destination: Destination | undefined,
    file: UnreadFile | undefined,
  ): Promise<SluiceError | undefined> {
    const { journal, finder, mounts, signal } = this.#options;
    if (placeKey(place) === placeKey(JOURNAL)) return failureOf(() => journal.probe());
    if (destination) return failureOf(() => destination.store.listBuckets({ signal }));
    const away = mounts.awayAt(place.name);
    return away === undefined ? finder.sourceTrouble(place.name, file) : awayError(away);
  }

  /**
   * Whether the key is accepted again: by a call, which also has the credentials read anew where it is refused. A key
   * that may list may still be refused what files need.
   */
  async #askForKey({ endpoint, store }: Destination): Promise<ProbeAnswer> {
    const { endpoints, signal } = this.#options;
    const error = await failureOf(() => store.listBuckets({ signal }));
    endpoints.noteCall(endpoint, error);
    if (!error || error.code === 'access_denied' || error.code === 'not_supported') {
      return { answer: 'try a file' };
    }
    return { answer: 'wrong', trouble: error.holds === 'profile' ? error : undefined };
  }
}

/** What a call failed with; undefined when it did not. */
async function failureOf(call: () => Promise<unknown>): Promise<SluiceError | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return asSluiceError(error);
  }
}
