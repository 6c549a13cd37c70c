/** A place in the line. */
export interface LinePlace {
  /** Whoever leaves and comes back under the same name has the same place. */
  readonly name: string;
  readonly isUrgent: boolean;
  /** Aborts when it has to leave the line, with the reason. */
  readonly giveWay: AbortController;
  /** Since when it has waited for holders of claims outside of this process's work, by the monotonic clock. */
  othersSinceMs: number | undefined;
}

/**
 * Those who wait for room, in the order of their turns: what is urgent first, then as they came. Only the first may try,
 * so that a large clone is not overtaken for ever by small ones.
 *
 *   absent ──enter──▶ here ──leave──▶ absent
 *                     │  ▲
 *              stepOut▼  │enter
 *                     away ──its time is over──▶ absent
 */
export class WaitingLine<Place extends LinePlace> {
  readonly #places: Place[] = [];
  /** Of those who have left and will come back: until when the place is kept, by the monotonic clock. */
  readonly #away = new Map<Place, number>();
  readonly #nowMs: () => number;
  #change = Promise.withResolvers<void>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Resolves with the next `changed`. To be taken before one looks whether it is one's turn. */
  get change(): Promise<void> {
    return this.#change.promise;
  }

  /** Those who are here. */
  get places(): readonly Place[] {
    return this.#places.filter(place => !this.#away.has(place));
  }

  enter(place: Place): void {
    const kept = this.#places.findIndex(other => this.#away.has(other) && other.name === place.name);
    const [before] = kept < 0 ? [] : this.#places.splice(kept, 1);
    if (before) {
      this.#away.delete(before);
      place.othersSinceMs = before.othersSinceMs;
    }
    const next =
      before && before.isUrgent === place.isUrgent
        ? kept
        : this.#places.findIndex(other => place.isUrgent && !other.isUrgent);
    this.#places.splice(next < 0 ? this.#places.length : next, 0, place);
    this.changed();
  }

  leave(place: Place): void {
    if (this.#away.has(place)) return;
    const index = this.#places.indexOf(place);
    if (index >= 0) this.#places.splice(index, 1);
    this.changed();
  }

  /** Leaves with the place kept for so long. */
  stepOut(place: Place, keepMs: number): void {
    this.#away.set(place, this.#nowMs() + keepMs);
    this.changed();
  }

  isFirst(place: Place): boolean {
    return this.positionOf(place) === 0;
  }

  /** How many places are before it. */
  positionOf(place: Place): number {
    for (const [kept, untilMs] of this.#away) {
      if (untilMs > this.#nowMs()) continue;
      this.#away.delete(kept);
      this.#places.splice(this.#places.indexOf(kept), 1);
    }
    return this.#places.indexOf(place);
  }

  /** Something has ended, or somebody has left: whoever waits looks again. */
  changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }
}
