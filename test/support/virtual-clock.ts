import { type Clock, sleepWith } from '../../src/base/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/**
 * Turns of the event loop that promises get to settle after each step; enough for a dozen writes one after the other.
 */
const SETTLING_TURNS = 12;

/** A clock that stands still until a test moves it. Timers run in the order of their times, ties as they were set. */
export class VirtualClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  readonly #timers = new Set<Timer>();

  constructor(startMs = Date.UTC(2026, 0, 5)) {
    this.#wallMs = startMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  timer(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.#monotonicMs + Math.max(0, ms), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepWith(this, ms, signal);
  }

  /** Timers that wait: none may be left when what was tested has stopped. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Lets time pass: runs what falls due on the way, each followed by the promises that hang on it. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    await this.settle();
    for (let next = this.#earliest(endMs); next; next = this.#earliest(endMs)) {
      this.#moveTo(next.atMs);
      this.#timers.delete(next);
      next.callback();
      await this.settle();
    }
    this.#moveTo(endMs);
  }

  /** Sets the wall clock forward or back without time passing, as an administrator does. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  /** Lets promises settle without time passing. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < SETTLING_TURNS; turn += 1) {
      await new Promise<void>(resolve => setImmediate(resolve));
    }
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += Math.max(0, monotonicMs - this.#monotonicMs);
    this.#monotonicMs = Math.max(this.#monotonicMs, monotonicMs);
  }

  #earliest(endMs: number): Timer | undefined {
    let found: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= endMs && (!found || timer.atMs < found.atMs)) found = timer;
    }
    return found;
  }
}
