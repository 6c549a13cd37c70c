import { z } from 'zod';

/**
 * Forms of answers that are read as far as they can be: what is missing, null or of another form is unknown, and
 * costs nothing but itself. Only what a thing cannot be told apart without (its number, its id) is required.
 */

type Form = z.ZodType;

/** What `read` makes of a value that may be anything, or absent. */
function readBy<T>(read: (value: unknown) => T) {
  return z.unknown().optional().transform(read);
}

/** The value where it has this form, else undefined. Never fails. */
export function maybe<F extends Form>(form: F) {
  return readBy((value): z.output<F> | undefined => {
    if (value === undefined || value === null) return undefined;
    const read = form.safeParse(value);
    return read.success ? read.data : undefined;
  });
}

/** Longer than any host allows a title to be; what is only shown is cut there. */
const MAX_TEXT_CHARS = 1000;
/** As long as a path may be. A longer name would be another one if it were cut. */
const MAX_NAME_CHARS = 4096;

/** As every store can keep it: without NUL and halves of characters. */
function storable(value: string): string {
  return value.replaceAll('\0', '\ufffd').toWellFormed();
}

/** Text that is only shown, cut at 1 000 characters, else undefined. */
export const text = readBy(value =>
  typeof value === 'string' ? storable(value.slice(0, MAX_TEXT_CHARS)) : undefined,
);
/** A name that must be there. */
export const name = z.string().min(1).max(MAX_NAME_CHARS).transform(storable);
/** A name, else undefined. */
export const word = maybe(name);
/** True or false, else undefined. */
export const flag = readBy(value => (typeof value === 'boolean' ? value : undefined));
/** A whole number that can be kept exactly, else undefined. */
export const count = readBy(value => (Number.isSafeInteger(value) ? (value as number) : undefined));

/** A number that must be there: above zero, perhaps written as text. */
export const number = z
  .union([z.number(), z.string().regex(/^\d{1,15}$/)])
  .transform(Number)
  .pipe(z.number().int().positive().max(Number.MAX_SAFE_INTEGER));

/** An id that must be there, as text. */
export const id = z.union([name, z.number()]).transform(String);

/** Of a list, the entries that have this form; none of what is no list. */
export function listOf<F extends Form>(form: F) {
  return readBy(value => readEntries(form, value)?.entries ?? []);
}

/** As `listOf`, with what was bent; undefined of what is no list. */
export function entriesOf<F extends Form>(form: F) {
  return readBy(value => readEntries(form, value));
}

/** A list as far as it could be read. */
export interface Entries<T> {
  readonly entries: readonly T[];
  /** How many were left out since they have another form. */
  readonly bent: number;
  /** What was wrong with the first of them. */
  readonly fault: string | undefined;
}

/** Undefined where the value is no list. */
export function readEntries<F extends Form>(form: F, value: unknown): Entries<z.output<F>> | undefined {
  if (!Array.isArray(value)) return undefined;
  const entries: z.output<F>[] = [];
  let bent = 0;
  let fault: string | undefined;
  for (const [index, each] of value.entries()) {
    const read = form.safeParse(each);
    if (read.success) {
      entries.push(read.data);
      continue;
    }
    bent += 1;
    fault ??= faultOf(read.error, [index]);
  }
  return { entries, bent, fault };
}

/** No entries. */
export const NO_ENTRIES: Entries<never> = { entries: [], bent: 0, fault: undefined };

/** The first thing that is not as it should be, in one line. @param at where the value was found */
export function faultOf({ issues: [issue] }: z.ZodError, at: readonly PropertyKey[] = []): string {
  const where = [...at, ...(issue?.path ?? [])].map(String).join('.');
  return `${where === '' ? 'the whole' : where}: ${issue?.message ?? 'unknown'}`;
}
