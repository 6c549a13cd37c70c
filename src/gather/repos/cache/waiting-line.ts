/** A place in the line. */
export interface LinePlace {
  readonly isUrgent: boolean;
  /** Aborts when it has to leave the line, with the reason. */
  readonly giveWay: AbortController;
}

/**
 * Those who wait for room, in the order of their turns: what is urgent first, then as they came. Only the first may try,
 * so that a large clone is not overtaken for ever by small ones.
 */
export class WaitingLine<Place extends LinePlace> {
  readonly #places: Place[] = [];
  #change = Promise.withResolvers<void>();

  /** Resolves with the next `changed`. To be taken before one looks whether it is one's turn. */
  get change(): Promise<void> {
    return this.#change.promise;
  }

  get places(): readonly Place[] {
    return this.#places;
  }

  enter(place: Place): void {
    const before = this.#places.findIndex(other => place.isUrgent && !other.isUrgent);
    this.#places.splice(before < 0 ? this.#places.length : before, 0, place);
    this.changed();
  }

  leave(place: Place): void {
    const index = this.#places.indexOf(place);
    if (index >= 0) this.#places.splice(index, 1);
    this.changed();
  }

  isFirst(place: Place): boolean {
    return this.#places[0] === place;
  }

  /** Something has ended, or somebody has left: whoever waits looks again. */
  changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }
}
