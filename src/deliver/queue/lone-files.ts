import { SluiceError } from '../../base/errors.ts';
import type { FileRecord } from '../../keep/local/journal.ts';

/** More are not kept in mind: their waits begin anew. */
const MAX_FILES = 10_000;
/** So many files in a row, none arriving between, are no matter of single files. */
const OF_BUCKET_FROM = 3;

type OneFile = Pick<FileRecord, 'id' | 'profile' | 'bucket'>;

/**
 * Files whose requests somebody else answers where the store answers others: each waits alone, longer every time, and
 * none of these failures counts towards giving up. Several of one bucket in a row are its bucket's matter. What is known
 * is lost with the process.
 */
export class LoneFiles {
  readonly #times = new Map<number, number>();
  /** By bucket: those that failed since a file of it arrived. */
  readonly #inRow = new Map<string, Set<number>>();

  /** It failed alone once more. @returns how often it did by now, and whether its bucket is to blame */
  failed(file: OneFile): { readonly times: number; readonly isOfBucket: boolean } {
    const times = (this.#times.get(file.id) ?? 0) + 1;
    if (times === 1 && this.#times.size >= MAX_FILES) this.#times.clear();
    this.#times.set(file.id, times);
    const inRow = this.#inRow.get(bucketOf(file)) ?? new Set();
    this.#inRow.set(bucketOf(file), inRow);
    if (inRow.size < OF_BUCKET_FROM) inRow.add(file.id);
    return { times, isOfBucket: inRow.size >= OF_BUCKET_FROM };
  }

  arrived(file: OneFile): void {
    this.#times.delete(file.id);
    this.#inRow.delete(bucketOf(file));
  }
}

function bucketOf({ profile, bucket }: OneFile): string {
  return `${profile}/${bucket}`;
}

/** The same of a bucket, whose files wait together then. Pure. */
export function asOfBucket({ code, message, hint, operation, subject }: SluiceError): SluiceError {
  return new SluiceError(code, message, { operation, subject, hint, answer: 'hold', holds: 'bucket' });
}

/** What is said of a file whose requests somebody else answers, where the store answers others. Pure. */
export function asIntercepted(error: SluiceError): SluiceError {
  if (error.code !== 'answer_invalid' && error.code !== 'not_supported') return error;
  const { operation, subject } = error;
  const words = `${error.message}; the object store itself answers other requests`;
  return new SluiceError('request_intercepted', words, { operation, subject, cause: error });
}
