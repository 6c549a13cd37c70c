import type { Context } from 'hono';
import type { z } from 'zod';
import { parseBoundedJson } from '../base/bounded-json.ts';
import { SluiceError } from '../base/errors.ts';
import type { BodyBudget } from './body-budget.ts';
import { faultWords } from './fault-words.ts';

/** Of the faults of one body or query, so many are named. */
const FAULTS_NAMED = 10;
const LONGEST_FAULT = 300;

/**
 * Reads and checks a JSON body. Throws `body_invalid` with the faults named, `body_too_large` past `maxBytes`,
 * `server_busy` where bodies take all the memory that they may (the rest is not read).
 */
export function readJson<T>(
  context: Context,
  schema: z.ZodType<T>,
  bodies: BodyBudget,
  maxBytes = bodies.limits.maxBytes,
): Promise<T> {
  return bodies.read(context, maxBytes, body => checkedJson(body.toString('utf8'), schema));
}

function checkedJson<T>(text: string, schema: z.ZodType<T>): T {
  let data: unknown;
  try {
    data = parseBoundedJson(text);
  } catch (error) {
    const message = `the body is not JSON: ${error instanceof Error ? error.message : error}`;
    throw new SluiceError('body_invalid', message, { cause: error });
  }
  const result = schema.safeParse(data, { error: faultWords(schema) });
  if (result.success) return result.data;
  throw new SluiceError('body_invalid', faultsInWords(result.error, 'body'));
}

/** The faults of what was given, in words. Pure. @param whole what it is as a whole */
export function faultsInWords({ issues }: z.ZodError, whole: string): string {
  const named = issues
    .slice(0, FAULTS_NAMED)
    .map(issue => `${issue.path.join('.') || whole}: ${issue.message}`.slice(0, LONGEST_FAULT));
  const more = issues.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
