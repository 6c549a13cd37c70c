import { SluiceError } from '../../base/errors.ts';

/** More are not kept in mind: their waits begin anew. */
const MAX_FILES = 10_000;

/**
 * Files whose requests somebody else answers where the store answers others: each waits alone, longer every time, and
 * none of these failures counts towards giving up. What is known is lost with the process.
 */
export class LoneFiles {
  readonly #times = new Map<number, number>();

  /** It failed alone once more. @returns how often it did by now */
  failed(recordId: number): number {
    const times = (this.#times.get(recordId) ?? 0) + 1;
    if (times === 1 && this.#times.size >= MAX_FILES) this.#times.clear();
    this.#times.set(recordId, times);
    return times;
  }

  arrived(recordId: number): void {
    this.#times.delete(recordId);
  }
}

/** What is said of a file whose requests somebody else answers, where the store answers others. Pure. */
export function asIntercepted(error: SluiceError): SluiceError {
  if (error.code !== 'answer_invalid' && error.code !== 'not_supported') return error;
  const { operation, subject } = error;
  const words = `${error.message}; the object store itself answers other requests`;
  return new SluiceError('request_intercepted', words, { operation, subject, cause: error });
}
