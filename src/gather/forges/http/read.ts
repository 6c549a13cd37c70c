import type { z } from 'zod';
import { type FailureAnswer, SluiceError } from '../../../base/errors.ts';
import type { OnUnseen } from '../unseen.ts';
import { type Entries, faultOf } from './lenient.ts';

/**
 * A host's answer, as far as it has the form that it is documented to have; keys that the schema does not name are
 * dropped.
 * @throws SluiceError `forge_answer_invalid`, naming the first key that it cannot be without
 */
export function readAnswer<S extends z.ZodType>(
  schema: S,
  json: unknown,
  host: string,
  what: string,
): z.output<S> {
  const read = schema.safeParse(json);
  if (read.success) return read.data;
  throw unknownForm(host, what, faultOf(read.error));
}

/** A page of a listing: the answer, and those of its entries that could be read. */
export type ReadPage<A, T> = A & { readonly entries: readonly T[] };

export interface ListForm<T> {
  readonly host: string;
  /** What is listed, for messages and `Unseen`. */
  readonly what: string;
  readonly onUnseen: OnUnseen | undefined;
  /** The entries of a page, as far as they can be read (`readEntries`); undefined where it is no list. */
  readonly entriesIn: (json: unknown) => Entries<T> | undefined;
}

/**
 * Every page of a listing, read entry by entry: one that is bent costs itself, is counted, and told of at the end.
 * @throws SluiceError `forge_answer_invalid` for a page that is no list, and behind the last one where there were
 *   entries and not a single one could be read
 */
export async function* readPages<A extends { readonly json: unknown }, T>(
  pages: AsyncIterable<A>,
  { host, what, onUnseen, entriesIn }: ListForm<T>,
): AsyncGenerator<ReadPage<A, T>> {
  let read = 0;
  let bent = 0;
  let fault: string | undefined;
  try {
    for await (const answer of pages) {
      const page = entriesIn(answer.json);
      if (page === undefined) throw unknownForm(host, what, 'the whole: is no list');
      read += page.entries.length;
      bent += page.bent;
      fault ??= page.fault;
      yield { ...answer, entries: page.entries };
    }
  } finally {
    if (bent > 0 && read > 0) {
      const entries = `${bent} of ${bent + read} entries of ${what}`;
      const error = unknownForm(host, entries, fault ?? 'unknown', 'give-up');
      onUnseen?.({ part: what, error });
    }
  }
  if (bent > 0 && read === 0) throw unknownForm(host, what, fault ?? 'unknown');
}

/** The error for an answer of another form than documented. @param fault where, and what is wrong */
export function unknownForm(
  host: string,
  what: string,
  fault: string,
  answer: FailureAnswer = 'retry',
): SluiceError {
  return new SluiceError(
    'forge_answer_invalid',
    `${host} tells of ${what} in a form that sluice does not know: ${fault}`,
    { operation: 'read answer', subject: what, answer },
  );
}

/** Milliseconds of an ISO 8601 time; undefined for null, for what is none, and for the year 1 (Go's "no time"). */
export function timeMs(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined) return undefined;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) || atMs <= 0 ? undefined : atMs;
}
