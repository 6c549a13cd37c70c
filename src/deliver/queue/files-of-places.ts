import type { Place } from '../../engine/place-hold.ts';
import type { FileRecord, Journal } from '../../keep/local/journal.ts';
import type { Destination } from '../destinations.ts';

export interface FilesOfPlacesOptions {
  /** By profile. */
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly journal: Pick<Journal, 'release' | 'makeDueNow' | 'smallestWaiting'>;
  /** The station's folder. */
  readonly root: string;
}

/** The files in the journal that wait for a held place. */
export class FilesOfPlaces {
  readonly #options: FilesOfPlacesOptions;

  constructor(options: FilesOfPlacesOptions) {
    this.#options = options;
  }

  /** Has all that waits for the place due now. May be called again. */
  async release(place: Place, nowMs: number): Promise<void> {
    const { journal, destinations, root } = this.#options;
    const { kind, name } = place;
    if (kind === 'bucket') {
      await journal.release('bucket_held', bucketOf(place), nowMs);
      return;
    }
    if (kind === 'disk') await journal.release('folder_held', { below: name }, nowMs);
    for (const { profile, endpoint } of destinations.values()) {
      if (profile === name || endpoint === name || name === root) await journal.makeDueNow(profile, nowMs);
    }
  }

  /** The smallest file that waits for a bucket, a profile or a profile's disk. @param except records left out */
  smallest(place: Place, except: readonly number[]): FileRecord | undefined {
    const { journal, destinations } = this.#options;
    const { kind, name } = place;
    const where =
      kind === 'bucket'
        ? [bucketOf(place)]
        : [...destinations.values()].filter(
            one => (kind === 'profile' ? one.profile : one.endpoint) === name,
          );
    return where.map(one => journal.smallestWaiting(one, except)).find(record => record !== undefined);
  }
}

/** The bucket that a place of that kind is, as `bucketPlace` in place-finder.ts names it. */
function bucketOf({ name }: Place): Pick<FileRecord, 'profile' | 'bucket'> {
  const slash = name.indexOf('/');
  return { profile: name.slice(0, slash), bucket: name.slice(slash + 1) };
}
