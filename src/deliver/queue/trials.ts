import type { Place } from '../../engine/place-hold.ts';
import type { FileRecord } from '../../keep/local/journal.ts';
import type { FilesOfPlaces } from './files-of-places.ts';

/** Then the smallest file's turn comes again. */
const MAX_TRIED = 20;

/**
 * Files that are tried although their place is held, since nothing else tells whether it can be used again: the smallest
 * one that waits for it, and each time another one, as the one that brought the hold may be at fault itself. Places are
 * told apart by `placeKey`.
 */
export class Trials {
  readonly #waiting: Pick<FilesOfPlaces, 'smallest'>;
  /** Files under trial, and the place of each. */
  readonly #placeOf = new Map<number, string>();
  /** Files that were tried lately, the one that brought the hold first of all. */
  readonly #tried = new Map<string, number[]>();

  constructor(waiting: Pick<FilesOfPlaces, 'smallest'>) {
    this.#waiting = waiting;
  }

  /** Records of all files under trial. */
  get ids(): readonly number[] {
    return [...this.#placeOf.keys()];
  }

  has(recordId: number): boolean {
    return this.#placeOf.has(recordId);
  }

  /** The place that a file is a trial of. */
  placeOf(recordId: number): string | undefined {
    return this.#placeOf.get(recordId);
  }

  /** The file that brought a hold has been tried just now. */
  note(key: string, recordId: number): void {
    this.#tried.set(key, [recordId]);
  }

  /** The file whose turn it is; undefined where none waits for the place. */
  next(key: string, place: Place): FileRecord | undefined {
    const tried = this.#tried.get(key) ?? [];
    const other = tried.length < MAX_TRIED ? this.#waiting.smallest(place, tried) : undefined;
    const record = other ?? this.#waiting.smallest(place, []);
    const before = other ? tried : [];
    this.#tried.set(key, record ? [...before, record.id] : []);
    return record;
  }

  begin(recordId: number, key: string): void {
    this.#placeOf.set(recordId, key);
  }

  /** @returns the place that it was a trial of */
  end(recordId: number): string | undefined {
    const key = this.#placeOf.get(recordId);
    this.#placeOf.delete(recordId);
    return key;
  }

  /** The place is right again. */
  forget(key: string): void {
    this.#tried.delete(key);
    for (const [id, of] of this.#placeOf) if (of === key) this.#placeOf.delete(id);
  }
}
