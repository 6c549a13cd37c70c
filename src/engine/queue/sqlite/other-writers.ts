import type { Clock } from '../../../base/clock.ts';
import type { Database } from '../../../keep/sqlite/database.ts';

/** How long a change of another process may go unseen. */
const CHECK_EVERY_MS = 1000;

/**
 * Tells when another connection has changed the database, other processes' included: one cheap check a second for all
 * who wait for work. Asking for due work each time would be most of what an idle station does.
 *
 * States: resting ──start──▶ checking ──stop──▶ resting
 */
export class OtherWriters {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #onWritten: () => void;
  #cancelCheck: (() => void) | undefined;

  constructor(database: Database, clock: Clock, onWritten: () => void) {
    this.#database = database;
    this.#clock = clock;
    this.#onWritten = onWritten;
  }

  /** May be repeated. */
  start(): void {
    if (!this.#cancelCheck) this.#next(this.#version());
  }

  /** May be repeated. */
  stop(): void {
    this.#cancelCheck?.();
    this.#cancelCheck = undefined;
  }

  #next(seen: number | undefined): void {
    this.#cancelCheck = this.#clock.timer(CHECK_EVERY_MS, () => {
      const version = this.#version();
      this.#next(version);
      if (version === undefined || version !== seen) this.#onWritten();
    });
  }

  /**
   * A number that moves when another connection commits (sqlite.org/pragma.html#pragma_data_version); undefined when
   * the database cannot be asked: whoever hears of it then asks it, too, and says why.
   */
  #version(): number | undefined {
    try {
      const row = this.#database.read(() => this.#database.statement('PRAGMA data_version').get());
      return Number(row?.data_version);
    } catch {
      return undefined;
    }
  }
}
