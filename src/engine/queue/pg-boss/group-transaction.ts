import { SluiceError } from '../../../base/errors.ts';

/**
 * Puts the changes of many callers into one transaction, in the order in which they were submitted: what comes while a
 * group is written goes next.
 *
 *   empty ──submit()──▶ writing ──committed──▶ empty
 *             ▲             │ more has come
 *             └─────────────┘
 */
export interface GroupTransactionOptions<Change, Result> {
  /** Makes changes in one transaction; answers for each. */
  readonly write: (changes: readonly Change[]) => Promise<readonly Result[]>;
  readonly largestGroup?: number;
}

const LARGEST_GROUP = 256;

interface Waiting<Change, Result> {
  readonly change: Change;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export class GroupTransaction<Change, Result> {
  readonly #write: GroupTransactionOptions<Change, Result>['write'];
  readonly #largestGroup: number;
  #waiting: Waiting<Change, Result>[] = [];
  #writing: Promise<void> | undefined;

  constructor({ write, largestGroup = LARGEST_GROUP }: GroupTransactionOptions<Change, Result>) {
    this.#write = write;
    this.#largestGroup = largestGroup;
  }

  /** Makes a change, after those submitted before it; answers once it is committed. */
  submit(change: Change): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      // What else is submitted in this turn of the event loop goes with it.
      this.#writing ??= Promise.resolve().then(() => this.#writeAll());
    });
  }

  /** Resolves when all that was submitted is written or has failed. */
  async settle(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#writeGroup(this.#waiting.splice(0, this.#largestGroup));
    this.#writing = undefined;
  }

  async #writeGroup(group: readonly Waiting<Change, Result>[]): Promise<void> {
    try {
      const results = await this.#write(group.map(({ change }) => change));
      for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result);
    } catch (error) {
      if (group.length === 1 || concernsAll(error)) for (const { reject } of group) reject(error);
      // One bad change must not take the others with it: each on its own, in the same order.
      else for (const one of group) await this.#writeGroup([one]);
    }
  }
}

/** Where the server is not to be had, nobody's change is at fault, and each on its own would wait as long again. */
function concernsAll(error: unknown): boolean {
  return error instanceof SluiceError && ['database_unreachable', 'database_busy'].includes(error.code);
}
