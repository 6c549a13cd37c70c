import type { Database } from '../../../keep/sqlite/database.ts';

interface Waiting {
  readonly change: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A transaction of this many changes stays within some ten milliseconds, for which the event loop stands still. */
const LARGEST_BATCH = 256;

/**
 * Puts changes that are asked for within one turn of the event loop into one transaction: twenty workers that
 * finish together pay for one commit. Changes are applied in the order asked.
 */
export class BatchedWrites {
  readonly #database: Database;
  #waiting: Waiting[] = [];

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Runs `change` in a transaction and answers with what it answers, once committed. A batch fails as a whole:
   * `change` must throw for nothing that is wrong with itself alone.
   */
  submit<T>(change: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve: resolve as (result: unknown) => void, reject });
      if (this.#waiting.length === 1) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const all = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < all.length; from += LARGEST_BATCH) {
      const batch = all.slice(from, from + LARGEST_BATCH);
      this.#database
        .write(() => batch.map(({ change }) => change()))
        .then(
          results => {
            for (const [index, { resolve }] of batch.entries()) resolve(results[index]);
          },
          error => {
            for (const { reject } of batch) reject(error);
          },
        );
    }
  }
}
