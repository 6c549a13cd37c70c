import { z } from 'zod';
import { SluiceError } from '../../../base/errors.ts';

/**
 * A host's answer in the form that it is documented to have; keys that the schema does not name are dropped.
 * @throws SluiceError `forge_answer_invalid`, naming the first key that is not as it should be
 */
export function readAnswer<S extends z.ZodType>(
  schema: S,
  json: unknown,
  host: string,
  what: string,
): z.output<S> {
  const read = schema.safeParse(json);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? 'the whole' : issue.path.join('.');
  throw new SluiceError(
    'forge_answer_invalid',
    `${host} tells of ${what} in a form that sluice does not know: ${where}: ${issue?.message ?? 'unknown'}`,
    { operation: 'read answer', subject: what },
  );
}

/** Every page of a listing as `readAnswer` reads it. */
export async function* readPages<S extends z.ZodType>(
  pages: AsyncIterable<{ readonly json: unknown }>,
  item: S,
  host: string,
  what: string,
): AsyncGenerator<z.output<S>[]> {
  const form = z.array(item);
  for await (const { json } of pages) yield readAnswer(form, json, host, what);
}

/** Milliseconds of an ISO 8601 time; undefined for null and for what is none. */
export function timeMs(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined) return undefined;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : atMs;
}
