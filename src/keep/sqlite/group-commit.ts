import type { Clock } from '../../base/clock.ts';
import type { Database } from './database.ts';

/** A group this large is written at once; a smaller one when its first change has waited so long (DESIGN.md, Journal). */
const GROUP_CHANGES = 64;
const GROUP_WAIT_MS = 5;
/** One transaction stays within some milliseconds, for which the event loop stands still. */
const LARGEST_GROUP = 512;

interface Waiting {
  readonly change: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Committed {
  readonly waiting: Waiting;
  readonly result: unknown;
}

/**
 * Puts the changes of many callers into one transaction, so that they share one flush of the disk.
 * States: empty ──submit──▶ gathering ──64 changes or 5 ms──▶ writing, flushing (the next group gathers meanwhile).
 */
export class GroupCommit {
  readonly #database: Pick<Database, 'write' | 'flush'>;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #cancelTimer: (() => void) | undefined;
  #writing: Promise<void> | undefined;

  constructor(database: Pick<Database, 'write' | 'flush'>, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Runs `change` in a transaction, after those submitted before it; answers with what it answers once that is on the disk. */
  submit<T>(change: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve: resolve as (result: unknown) => void, reject });
      if (this.#writing) return;
      if (this.#waiting.length >= GROUP_CHANGES) this.#write();
      else this.#cancelTimer ??= this.#clock.timer(GROUP_WAIT_MS, () => this.#write());
    });
  }

  /** Resolves when all that was submitted is written or has failed. */
  async settle(): Promise<void> {
    while (this.#waiting.length > 0 || this.#writing) {
      this.#write();
      await this.#writing;
    }
  }

  #write(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#writing || this.#waiting.length === 0) return;
    const group = this.#waiting.splice(0, LARGEST_GROUP);
    this.#writing = this.#writeOut(group).then(() => {
      this.#writing = undefined;
      if (this.#waiting.length >= GROUP_CHANGES) this.#write();
      else if (this.#waiting.length > 0) {
        this.#cancelTimer = this.#clock.timer(GROUP_WAIT_MS, () => this.#write());
      }
    });
  }

  /** Commits, has the disk flushed, and only then tells anybody. */
  async #writeOut(group: readonly Waiting[]): Promise<void> {
    const committed: Committed[] = [];
    await this.#commit(group, committed);
    if (committed.length === 0) return;
    try {
      await this.#database.flush();
      for (const { waiting, result } of committed) waiting.resolve(result);
    } catch (error) {
      for (const { waiting } of committed) waiting.reject(error);
    }
  }

  async #commit(group: readonly Waiting[], committed: Committed[]): Promise<void> {
    try {
      const results = await this.#database.write(() => group.map(({ change }) => change()));
      for (const [index, waiting] of group.entries()) committed.push({ waiting, result: results[index] });
    } catch (error) {
      if (group.length === 1) return group[0]?.reject(error);
      // One bad change must not take the others with it: each on its own, in the same order.
      for (const one of group) await this.#commit([one], committed);
    }
  }
}
