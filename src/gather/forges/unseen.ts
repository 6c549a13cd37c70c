import { asSluiceError, SluiceError } from '../../base/errors.ts';

/**
 * A part of what was asked for that could not be read, though the rest was: a sub-request that failed, a page that
 * never ends, entries of a form that is not known. It says nothing of what it would have held: what was known of that
 * stays.
 */
export interface Unseen {
  /** In words for people: `reviews`, `checks`, `changesets of acme/app`. */
  readonly part: string;
  readonly error: SluiceError;
}

export type OnUnseen = (unseen: Unseen) => void;

/** What of a changeset is asked for on its own. */
export type ChangesetPart =
  | 'reviews'
  | 'checks'
  | 'commits'
  | 'comments'
  | 'labels'
  | 'state changes'
  | 'timeline';

/** Failures after which no further part is asked for: nothing answers there. */
const NOTHING_ANSWERS = new Set<string>(['host_unknown', 'host_unreachable', 'tls_failed']);
/** So many silences in a row are enough: each takes the whole time that a call may take. */
const MOST_SILENCES = 2;

/**
 * Reads a changeset part by part: one that fails is noted as unseen and the others go on. What is thrown is only that
 * somebody asked for an end.
 */
export class PartReader {
  readonly #signal: AbortSignal | undefined;
  readonly #unseen: Unseen[] = [];
  readonly #seen = new Set<string>();
  #silences = 0;
  #givenUp: SluiceError | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Parts that were read to their end. */
  get seen(): readonly string[] {
    return [...this.#seen].filter(part => !this.#unseen.some(each => each.part === part));
  }

  /** Parts that could not be read, or not to their end. */
  get unseen(): readonly Unseen[] {
    return this.#unseen;
  }

  /**
   * To be called behind the last part: reports what was unseen.
   * @throws SluiceError the first part's failure where not a single one could be read
   */
  end(onUnseen: OnUnseen | undefined): void {
    const [first] = this.#unseen;
    if (this.#seen.size === 0 && first !== undefined) throw first.error;
    for (const unseen of this.#unseen) onUnseen?.(unseen);
  }

  readonly note = (unseen: Unseen): void => void this.#unseen.push(unseen);

  /** Undefined where it cannot be read. */
  async read<T>(part: string, read: () => Promise<T>): Promise<T | undefined> {
    if (this.#givenUp !== undefined) {
      this.note({ part, error: this.#givenUp });
      return undefined;
    }
    try {
      const value = await read();
      this.#seen.add(part);
      this.#silences = 0;
      return value;
    } catch (thrown) {
      this.#fail(part, thrown);
      return undefined;
    }
  }

  /** Pages as they come; those before one that fails are yielded. */
  async *pages<T>(part: string, pages: () => AsyncIterable<T>): AsyncGenerator<T> {
    const iterator = pages()[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.read(part, () => iterator.next());
        if (next === undefined || next.done) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  #fail(part: string, thrown: unknown): void {
    const error = asSluiceError(thrown, { subject: part });
    if (this.#signal?.aborted || error.answer === 'cancelled') throw error;
    this.note({ part, error });
    this.#silences = error.code === 'timed_out' ? this.#silences + 1 : 0;
    if (NOTHING_ANSWERS.has(error.code) || this.#silences >= MOST_SILENCES) this.#givenUp = error;
  }
}

/**
 * Whether a failure is of one repository among several: the host does not show it, or refuses what was asked of it.
 * The others may be read.
 */
export function isOfOneRepository(error: unknown): error is SluiceError {
  return error instanceof SluiceError && error.answer === 'give-up' && error.code !== 'token_refused';
}
