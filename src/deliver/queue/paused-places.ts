import { CATALOGUE } from '../../base/errors.ts';
import { type Place, type PlaceHold, placeKey } from '../../engine/place-hold.ts';
import type { FileRecord } from '../../keep/local/journal.ts';
import type { Pause } from '../../keep/local/pauses.ts';
import { bucketPlace } from './place-finder.ts';

/**
 * Profiles and buckets that somebody paused. They are held as places that are out of order are, but nothing asks them
 * whether they are right again: only whoever paused them says so.
 */
export class PausedPlaces {
  readonly #read: () => readonly Pause[];
  #paused = new Map<string, PlaceHold>();

  /** @param read what is paused now */
  constructor(read: () => readonly Pause[]) {
    this.#read = read;
    this.follow();
  }

  /** Takes over what is paused now. @returns places that were and are no longer */
  follow(): readonly Place[] {
    const before = this.#paused;
    this.#paused = new Map(
      this.#read().flatMap(({ kind, name, sinceMs }) => {
        if (kind === 'host') return [];
        const place: Place = { kind, name };
        return [[placeKey(place), holdOf(place, sinceMs)] as const];
      }),
    );
    return [...before].filter(([key]) => !this.#paused.has(key)).map(([, { place }]) => place);
  }

  get size(): number {
    return this.#paused.size;
  }

  all(): PlaceHold[] {
    return [...this.#paused.values()];
  }

  has(place: Place): boolean {
    return this.#paused.size > 0 && this.#paused.has(placeKey(place));
  }

  hasProfile(profile: string): boolean {
    return this.has({ kind: 'profile', name: profile });
  }

  /** Whether nothing may be sent of a file. */
  hasFile(record: Pick<FileRecord, 'profile' | 'bucket'>): boolean {
    return this.#paused.size > 0 && (this.hasProfile(record.profile) || this.has(bucketPlace(record)));
  }
}

function holdOf(place: Place, sinceMs: number): PlaceHold {
  const { remedy } = CATALOGUE.paused;
  return {
    place,
    reason: { code: 'paused', message: `${place.kind} ${place.name} is paused`, hint: remedy },
    sinceMs,
    probes: 0,
    isProbing: false,
    notBeforeMs: Number.POSITIVE_INFINITY,
  };
}
