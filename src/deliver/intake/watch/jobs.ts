/** Work that can be put aside between any two of its steps. */
export type Job = Generator<void, void, void>;

/**
 * Long listings are cut into slices so that events and requests are served in between. Urgent jobs (new
 * directories) go before the others (sweeps).
 */
export class Jobs {
  readonly #urgent: Job[] = [];
  readonly #patient: Job[] = [];

  addUrgent(job: Job): void {
    this.#urgent.push(job);
  }

  addPatient(job: Job): void {
    this.#patient.push(job);
  }

  get pending(): boolean {
    return this.#urgent.length > 0 || this.#patient.length > 0;
  }

  /** Whether new directories are still to be listed. */
  get urgentPending(): boolean {
    return this.#urgent.length > 0;
  }

  /** Works until nothing is left or `sliceMs` have passed. */
  run(monotonicMs: () => number, sliceMs: number): void {
    const endMs = monotonicMs() + sliceMs;
    do {
      const queue = this.#urgent.length > 0 ? this.#urgent : this.#patient;
      // The last one first: a tree moved in is walked in depth, and taking from the end costs nothing.
      const index = queue === this.#urgent ? queue.length - 1 : 0;
      const job = queue[index];
      if (!job) return;
      if (job.next().done) queue.splice(queue.indexOf(job), 1);
    } while (monotonicMs() < endMs);
  }
}
