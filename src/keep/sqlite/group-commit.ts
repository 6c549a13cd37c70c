import type { Clock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import type { Database } from './database.ts';

/**
 * Puts the changes of many callers into one transaction, in the order in which they were submitted: twenty who are done
 * together pay for one commit, and where changes are to be durable for one flush of the disk.
 *
 *   empty ──submit()──▶ gathering ──the turn of the event loop is over──▶ writing ──committed──▶ empty
 *                           │                                               ▲          │
 *                           └──durable: 64 changes wait, or 5 ms are over───┘          └──durable: the disk is flushed first
 *
 * While many come, durable groups wait for four times as much: what a group costs beside its changes (the commit, the
 * pages that all of them touch, a flush) is then shared by more, and nobody who comes alone waits longer.
 *
 * What is submitted while a group is written gathers meanwhile and goes next. A group in which a change fails is rolled
 * back and made again one by one, so that nobody's change is lost with somebody else's.
 */
export interface GroupCommitOptions {
  readonly clock: Clock;
  /** Whether a change is on the disk when its promise resolves; otherwise it is committed. */
  readonly durable: boolean;
}

/** A durable group this large is written at once; a smaller one when its first change has waited so long. */
const GROUP_CHANGES = 64;
const GROUP_WAIT_MS = 5;
/** By so much more where the group before was of many changes, and was written a moment ago. */
const BUSY_FACTOR = 4;
const MANY_CHANGES = 16;
const A_MOMENT_MS = 50;
/** One transaction stays within some ten milliseconds, for which the event loop stands still. */
const LARGEST_GROUP = { durable: 512, committed: 256 };

interface Waiting {
  readonly change: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Committed {
  readonly waiting: Waiting;
  readonly result: unknown;
}

export class GroupCommit {
  readonly #database: Pick<Database, 'write' | 'flush'>;
  readonly #clock: Clock;
  readonly #durable: boolean;
  #waiting: Waiting[] = [];
  #cancelGathering: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  /** Until when groups wait for more, since many come. */
  #busyUntilMs = Number.NEGATIVE_INFINITY;

  constructor(database: Pick<Database, 'write' | 'flush'>, { clock, durable }: GroupCommitOptions) {
    this.#database = database;
    this.#clock = clock;
    this.#durable = durable;
  }

  /**
   * Runs `change` in a transaction, after those submitted before it; answers with what it answers once that is
   * committed or, where durable, on the disk. It may run more than once, of which only the last holds.
   */
  submit<T>(change: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve: resolve as (result: unknown) => void, reject });
      if (!this.#writing) this.#gather();
    });
  }

  /** Resolves when all that was submitted is written or has failed. */
  async settle(): Promise<void> {
    while (this.#waiting.length > 0 || this.#writing) {
      this.#write();
      await this.#writing;
    }
  }

  #gather(): void {
    if (!this.#durable) {
      this.#cancelGathering ??= afterThisTurn(() => this.#write());
      return;
    }
    const factor = this.#clock.monotonicMs() < this.#busyUntilMs ? BUSY_FACTOR : 1;
    if (this.#waiting.length >= factor * GROUP_CHANGES) this.#write();
    else this.#cancelGathering ??= this.#clock.timer(factor * GROUP_WAIT_MS, () => this.#write());
  }

  #write(): void {
    this.#cancelGathering?.();
    this.#cancelGathering = undefined;
    if (this.#writing || this.#waiting.length === 0) return;
    const group = this.#waiting.splice(0, LARGEST_GROUP[this.#durable ? 'durable' : 'committed']);
    this.#writing = this.#writeOut(group).then(() => {
      this.#writing = undefined;
      if (group.length >= MANY_CHANGES) this.#busyUntilMs = this.#clock.monotonicMs() + A_MOMENT_MS;
      if (this.#waiting.length === 0) return;
      if (this.#durable) this.#gather();
      else this.#write();
    });
  }

  /** Commits, has the disk flushed, and only then resolves anything. */
  async #writeOut(group: readonly Waiting[]): Promise<void> {
    const committed: Committed[] = [];
    await this.#commit(group, committed);
    if (committed.length === 0) return;
    try {
      if (this.#durable) await this.#database.flush();
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
      if (group.length === 1 || this.#failsAsOne(error)) for (const { reject } of group) reject(error);
      // One bad change must not take the others with it: each on its own, in the same order.
      else for (const one of group) await this.#commit([one], committed);
    }
  }

  /**
   * Where the lock was not to be had in all the time there is, nobody's change is at fault, and each on its own would
   * wait as long again. Durable ones do: they are about files that have been moved or sent, which would be done again.
   */
  #failsAsOne(error: unknown): boolean {
    return !this.#durable && error instanceof SluiceError && error.code === 'database_busy';
  }
}

function afterThisTurn(run: () => void): () => void {
  const immediate = setImmediate(run);
  return () => clearImmediate(immediate);
}
