/**
 * Runs asynchronous tasks one after the other, in the order of asking (a mutex with a queue):
 *
 *   idle ──run()──▶ busy ──run()──▶ busy, one more waits
 *     ▲              │ a task ends, whichever way: the next one begins
 *     └─ none waits ─┘
 *
 * A task that fails fails for its caller only. A task must not wait for another `run` of the same serializer, which
 * would wait for the task.
 */
export class Serializer {
  /** Resolves when the task asked for last is over; never rejects. */
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `task` once all tasks asked for before are over. Settles as the task does, with its value or its error. */
  run<T>(task: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when every task asked for so far is over. Never rejects. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
