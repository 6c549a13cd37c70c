/**
 * Things to inspect again later. There are only a few different delays, so each has a lane in which things
 * lie in the order in which they fall due, and a hundred thousand of them cost no more than one.
 */
export class Rechecks<T> {
  readonly #lanes = new Map<number, Map<string, { readonly dueMs: number; readonly item: T }>>();

  /**
   * Puts the thing called `key` into the lane of `delayMs`, behind all that is in it; its earlier place there is lost.
   */
  schedule(key: string, item: T, delayMs: number, nowMs: number): void {
    let lane = this.#lanes.get(delayMs);
    if (!lane) {
      lane = new Map();
      this.#lanes.set(delayMs, lane);
    }
    lane.delete(key);
    lane.set(key, { dueMs: nowMs + delayMs, item });
  }

  /** Takes it out of every lane. */
  cancel(key: string): void {
    for (const lane of this.#lanes.values()) lane.delete(key);
  }

  /** Takes out and returns what is due. */
  takeDue(nowMs: number): T[] {
    const due: T[] = [];
    for (const lane of this.#lanes.values()) {
      for (const [key, { dueMs, item }] of lane) {
        if (dueMs > nowMs) break;
        lane.delete(key);
        due.push(item);
      }
    }
    return due;
  }

  /** When the next thing falls due; Infinity when there is none. */
  nextDueMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes.values()) {
      for (const { dueMs } of lane.values()) {
        nextMs = Math.min(nextMs, dueMs);
        break;
      }
    }
    return nextMs;
  }
}
