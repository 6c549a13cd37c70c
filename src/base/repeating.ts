import type { Clock } from './clock.ts';

export interface RepeatingOptions {
  readonly clock: Pick<Clock, 'timer'>;
  /** How long after one time the next begins; asked each time. */
  readonly pauseMs: () => number;
  /** What is done each time. It must not throw; `signal` aborts when no more is wanted. */
  readonly work: (signal: AbortSignal) => Promise<void> | void;
}

/**
 * Something that is done again and again, with a pause after each time, until it is stopped.
 *
 *   idle ──start()──▶ pausing ◀──▶ working; any ──stop()──▶ stopped (final), once the work under way has ended
 *
 * Nothing is left behind by a stop: no timer, and none is set by work that ends after it.
 */
export class Repeating {
  readonly #options: RepeatingOptions;
  readonly #stopping = new AbortController();
  #cancelPause: (() => void) | undefined;
  #working: Promise<void> | undefined;

  constructor(options: RepeatingOptions) {
    this.#options = options;
  }

  /** Begins with a pause. Does nothing where it was begun before. */
  start(): void {
    if (!this.#cancelPause && !this.#working) this.#pause();
  }

  /** Begins with the work. Does nothing where it was begun before. */
  startAtOnce(): void {
    if (!this.#cancelPause && !this.#working) this.#begin();
  }

  /** Resolves when the work under way has ended. May be repeated. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelPause?.();
    await this.#working;
  }

  #pause(): void {
    if (this.#stopping.signal.aborted) return;
    this.#cancelPause = this.#options.clock.timer(this.#options.pauseMs(), () => this.#begin());
  }

  #begin(): void {
    if (this.#stopping.signal.aborted) return;
    this.#working = this.#work();
  }

  async #work(): Promise<void> {
    await this.#options.work(this.#stopping.signal);
    this.#pause();
  }
}
