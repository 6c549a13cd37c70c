import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { withoutNul } from '../../base/text.ts';

/** A column's type: of `bytea` the value is hexadecimal digits. */
export type CopyType = 'bigint' | 'integer' | 'text' | 'bytea';

/** Text as UTF-8 within some bytes, without NUL; read before the next row is asked for. */
export interface EncodedText {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

/** A value of a row that is copied in; text is stored without NUL characters, which Postgres cannot hold. */
export type CopyValue = number | string | EncodedText | null;

/** A table, and its columns with their types in the order of the rows' values. */
export interface CopyTarget {
  readonly table: string;
  readonly columns: Readonly<Record<string, CopyType>>;
}

/** Sent at once: the server reads it while the next is put together. */
const CHUNK_BYTES = 64 * 1024;
/** Signature, flags, and the length of an extension that there is none of; see COPY, "Binary Format". */
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER = -1;
const NULL_LENGTH = -1;
const MOST_BYTES_A_CHARACTER = 3;
const TWO_TO_32 = 2 ** 32;

/**
 * Puts rows into a table by COPY: a third less work for the server than statements with arrays. Its binary format needs
 * no escapes and no digits, which spares us half the work of text. Rows are asked for while earlier ones are on their way.
 */
export async function copyIn(
  client: pg.ClientBase,
  { table, columns }: CopyTarget,
  rows: Iterable<readonly CopyValue[]>,
): Promise<void> {
  const sql = `COPY ${table} (${Object.keys(columns).join(', ')}) FROM STDIN (FORMAT binary)`;
  const chunks = Readable.from(chunksOf(Object.values(columns), rows), { highWaterMark: 1 });
  await pipeline(chunks, client.query(copyStreams.from(sql)));
}

function* chunksOf(types: readonly CopyType[], rows: Iterable<readonly CopyValue[]>): Generator<Buffer> {
  const bytes = new CopyBytes();
  bytes.add(HEADER);
  for (const row of rows) {
    bytes.int16(types.length);
    for (const [index, type] of types.entries()) bytes.value(type, row[index] as CopyValue);
    if (bytes.isFull) yield* bytes.take();
  }
  bytes.int16(TRAILER);
  yield* bytes.take();
}

/** Fields one after the other, in chunks that are cut anywhere. */
class CopyBytes {
  #full: Buffer[] = [];
  #chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #at = 0;

  get isFull(): boolean {
    return this.#full.length > 0;
  }

  /** All that was added; whoever takes it keeps it. */
  take(): Buffer[] {
    this.#cut(CHUNK_BYTES);
    const full = this.#full;
    this.#full = [];
    return full;
  }

  add(bytes: Buffer): void {
    this.#room(bytes.length);
    this.#at += bytes.copy(this.#chunk, this.#at);
  }

  int16(value: number): void {
    this.#room(2);
    this.#at = this.#chunk.writeInt16BE(value, this.#at);
  }

  value(type: CopyType, value: CopyValue): void {
    if (value === null) {
      this.#room(4);
      this.#at = this.#chunk.writeInt32BE(NULL_LENGTH, this.#at);
    } else if (typeof value === 'object') this.#encoded(value);
    else if (type === 'text') this.#text(String(value));
    else if (type === 'bytea') this.#bytes(String(value));
    else if (type === 'bigint') this.#bigint(Number(value));
    else this.#integer(Number(value));
  }

  #integer(value: number): void {
    this.#room(8);
    this.#at = this.#chunk.writeInt32BE(4, this.#at);
    this.#at = this.#chunk.writeInt32BE(value, this.#at);
  }

  #bigint(value: number): void {
    this.#room(12);
    this.#at = this.#chunk.writeInt32BE(8, this.#at);
    this.#at = this.#chunk.writeInt32BE(Math.floor(value / TWO_TO_32), this.#at);
    this.#at = this.#chunk.writeUInt32BE(value >>> 0, this.#at);
  }

  #bytes(digits: string): void {
    this.#room(4 + digits.length / 2);
    this.#at = this.#chunk.writeInt32BE(digits.length / 2, this.#at);
    this.#at += this.#chunk.write(digits, this.#at, 'hex');
  }

  #encoded({ bytes, from, to }: EncodedText): void {
    this.#room(4 + to - from);
    this.#at = this.#chunk.writeInt32BE(to - from, this.#at);
    this.#at += bytes.copy(this.#chunk, this.#at, from, to);
  }

  #text(value: string): void {
    const text = withoutNul(value);
    this.#room(4 + text.length * MOST_BYTES_A_CHARACTER);
    const written = this.#chunk.write(text, this.#at + 4, 'utf8');
    this.#chunk.writeInt32BE(written, this.#at);
    this.#at += 4 + written;
  }

  #room(bytes: number): void {
    if (this.#at + bytes > this.#chunk.length) this.#cut(Math.max(bytes, CHUNK_BYTES));
  }

  /** Puts what is written aside, and begins a chunk of so many bytes. */
  #cut(bytes: number): void {
    if (this.#at > 0) this.#full.push(this.#chunk.subarray(0, this.#at));
    this.#chunk = Buffer.allocUnsafeSlow(bytes);
    this.#at = 0;
  }
}
