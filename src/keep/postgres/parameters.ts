import pg from 'pg';
import { withoutNul } from '../../base/text.ts';

/** A value that a statement takes; text is stored without NUL characters, which Postgres cannot hold. */
export type Parameter =
  | null
  | number
  | string
  | Uint8Array
  | readonly (number | null)[]
  | readonly (string | null)[]
  | readonly (Uint8Array | null)[];
const INT8 = 20;
const INT8_ARRAY = 1016;
const NUMERIC = 1700;

const overrides = new Map<number, (text: string) => unknown>([
  [INT8, readWhole],
  [INT8_ARRAY, text => (text === '{}' ? [] : text.slice(1, -1).split(',').map(readWhole))],
  [NUMERIC, Number],
]);

/** Integers of eight bytes as numbers: all that is stored is far below 2⁵³. */
function readWhole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is too large for a number`);
  return value;
}

export const TYPES: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    const override = format === 'binary' ? undefined : overrides.get(oid);
    return override ?? pg.types.getTypeParser(oid, format as 'text');
  }) as typeof pg.types.getTypeParser,
};

/** As node-postgres takes them. Arrays as text of Postgres's own: several times as fast as what it makes of them. */
export function asParameters(values: readonly Parameter[]): unknown[] {
  return values.map(value => (Array.isArray(value) ? arrayText(value) : asParameter(value as Parameter)));
}

function asParameter(value: unknown): unknown {
  if (typeof value === 'string') return withoutNul(value);
  // Node-postgres knows Buffers, and takes other arrays of bytes as well; a view costs nothing.
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

function arrayText(values: readonly (number | string | Uint8Array | null)[]): string {
  return `{${values.map(elementText).join(',')}}`;
}

function elementText(value: number | string | Uint8Array | null): string {
  if (typeof value === 'number') return String(value);
  if (value === null) return 'NULL';
  if (typeof value !== 'string') return `"\\\\x${Buffer.from(value).toString('hex')}"`;
  return `"${withoutNul(value).replace(/["\\]/g, '\\$&')}"`;
}
