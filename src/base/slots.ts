/**
 * Runs so many asynchronous tasks at once; the others wait, and begin in the order of asking. A task that fails fails for
 * its caller only.
 */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param atOnce at least 1 */
  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Settles as the task does, with its value or its error. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>(resolve => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      // Handed on, so that nobody who asks meanwhile comes before.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
