import { type Clock, sleepWith, systemClock } from '../../src/base/clock.ts';

/** The system's clock, whose wall time can be set as an administrator does, and whose timers may run faster. */
export class BentClock implements Clock {
  #offsetMs = 0;
  readonly #faster: number;

  constructor(options: { readonly faster?: number } = {}) {
    this.#faster = options.faster ?? 1;
  }

  jump(ms: number): void {
    this.#offsetMs += ms;
  }

  nowMs(): number {
    return systemClock.nowMs() + this.#offsetMs;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs();
  }

  timer(ms: number, callback: () => void): () => void {
    return systemClock.timer(ms / this.#faster, callback);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepWith(this, ms, signal);
  }
}
