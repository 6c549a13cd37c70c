import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { withoutNul } from '../../base/text.ts';

/** A value of a row that is copied in; text is stored without NUL characters, which Postgres cannot hold. */
export type CopyValue = number | string | null;

const SPECIAL = /[\0\\\t\n\r]/;
const EVERY_SPECIAL = /[\0\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  '\0': withoutNul('\0'),
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

/** Bytes in hexadecimal digits, as a column of them takes them. */
export function bytesOfHex(digits: string): string {
  return `\\x${digits}`;
}

/** Sent at once: the server reads it while the next is put together. */
const CHUNK_CHARS = 64 * 1024;

/** Puts rows into a table by COPY: a third less work for the server than statements with arrays. */
export async function copyIn(
  client: pg.ClientBase,
  into: string,
  rows: Iterable<readonly CopyValue[]>,
): Promise<void> {
  await pipeline(Readable.from(chunksOf(rows)), client.query(copyStreams.from(`COPY ${into} FROM STDIN`)));
}

function* chunksOf(rows: Iterable<readonly CopyValue[]>): Generator<string> {
  let chunk = '';
  for (const row of rows) {
    chunk += lineOf(row);
    if (chunk.length < CHUNK_CHARS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function lineOf(row: readonly CopyValue[]): string {
  let line = '';
  for (const value of row) line += `${line === '' ? '' : '\t'}${fieldOf(value)}`;
  return `${line}\n`;
}

function fieldOf(value: CopyValue): string {
  if (value === null) return '\\N';
  if (typeof value === 'number' || !SPECIAL.test(value)) return String(value);
  return value.replace(EVERY_SPECIAL, special => ESCAPES[special] as string);
}
