import { z } from 'zod';
import { SluiceError } from '../base/errors.ts';
import { inWords, nearest } from '../base/text.ts';
import { formatCount } from '../base/units.ts';

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

/**
 * How the faults of a request are told where its schema has no words of its own for them: what was given, and what would
 * be right. Pure.
 */
export function faultWords(schema: z.ZodType): z.core.$ZodErrorMap {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  return issue => {
    switch (issue.code) {
      case 'invalid_type': {
        const kind = KINDS[issue.expected] ?? issue.expected;
        return issue.input === undefined ? `is missing; it must be ${kind}` : `must be ${kind}`;
      }
      case 'invalid_value':
        return `${shown(issue.input)}must be ${inWords(issue.values.map(String), 'or')}${meant(issue.input, issue.values.map(String))}`;
      case 'too_small':
        return `must ${amount('at least', issue.minimum, issue.origin)}`;
      case 'too_big':
        return `must ${amount('at most', issue.maximum, issue.origin)}`;
      case 'unrecognized_keys':
        return unknownKeys(issue.keys, (issue.path ?? []).length === 0 ? known : []);
      default:
        return undefined;
    }
  };
}

/** What answers a request for something that is not there. Pure. */
export function nothingAt(path: string): SluiceError {
  const hint = path.startsWith('/api') ? 'See /api.html for what there is.' : undefined;
  return new SluiceError('not_found', `there is nothing at ${path}`, { hint });
}

/** Of texts the characters are counted, of lists the entries; numbers are what they are. */
function amount(bound: string, limit: number | bigint, origin: string): string {
  if (origin === 'string') return `have ${bound} ${formatCount(Number(limit), 'character')}`;
  if (origin === 'array') return `have ${bound} ${formatCount(Number(limit), 'entry', 'entries')}`;
  return `be ${bound} ${limit}`;
}

/** A text that was given, as long as it says something. */
function shown(input: unknown): string {
  return typeof input === 'string' && input.length <= 60 ? `${JSON.stringify(input)} ` : '';
}

function meant(input: unknown, values: readonly string[]): string {
  const near = typeof input === 'string' ? nearest(input, values) : undefined;
  return near === undefined || values.length < 3 ? '' : `; did you mean ${near}?`;
}

function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  const named = inWords(
    keys.slice(0, 3).map(key => JSON.stringify(key.slice(0, 60))),
    'and',
  );
  const near = nearest(keys[0] ?? '', known);
  const instead =
    near === undefined
      ? known.length === 0
        ? ''
        : `; known are ${known.join(', ')}`
      : `; did you mean ${near}?`;
  return `${named} ${keys.length === 1 ? 'is' : 'are'} not known here${instead}`;
}
