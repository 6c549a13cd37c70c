import type { Clock } from '../../../base/clock.ts';

/** Clocks that differ by less count as one: what is due a second later harms nobody, and times stay as they were given. */
const SAME_CLOCK_MS = 1000;

/**
 * The schedule's times are on the server's clock, the one that all stations have in common; callers speak of their own.
 * Where a station's clock is wrong, what it puts "in five minutes" is due in five minutes all the same.
 */
export class ServerTime {
  readonly #clock: Clock;
  #aheadMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes note of the server's time in an answer that was asked for at `askedMs` of this machine's clock. */
  heard(serverMs: number, askedMs: number): void {
    const nowMs = this.#clock.nowMs();
    const aheadMs = serverMs - (askedMs + nowMs) / 2;
    // How far off it is cannot be told more exactly than the answer took.
    const unsureMs = SAME_CLOCK_MS + Math.abs(nowMs - askedMs) / 2;
    if (Math.abs(aheadMs) <= unsureMs) this.#aheadMs = 0;
    else if (Math.abs(aheadMs - this.#aheadMs) > unsureMs) this.#aheadMs = Math.round(aheadMs);
  }

  /** A time of this machine's clock on the server's. */
  toServer(timeMs: number): number {
    return timeMs + this.#aheadMs;
  }

  /** A time of the server's clock on this machine's. */
  toLocal(timeMs: number): number {
    return timeMs - this.#aheadMs;
  }
}
