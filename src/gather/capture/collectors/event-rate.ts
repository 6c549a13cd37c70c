/** Seconds over which a rate is taken. */
const WINDOW_S = 10;

/** Events a second over the last ten whole seconds, in ten numbers. */
export class EventRate {
  readonly #counts = new Array<number>(WINDOW_S + 1).fill(0);
  readonly #seconds = new Array<number>(WINDOW_S + 1).fill(-1);
  #sinceS: number | undefined;

  add(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    this.#sinceS ??= second;
    const slot = second % this.#counts.length;
    if (this.#seconds[slot] !== second) {
      this.#seconds[slot] = second;
      this.#counts[slot] = 0;
    }
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
  }

  /** The second that runs is not counted, since it is not over. */
  perSecond(nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    const seconds = Math.min(WINDOW_S, second - (this.#sinceS ?? second));
    if (seconds <= 0) return 0;
    let sum = 0;
    for (const [slot, at] of this.#seconds.entries()) {
      if (at >= second - seconds && at < second) sum += this.#counts[slot] ?? 0;
    }
    return sum / seconds;
  }
}
