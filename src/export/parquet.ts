import { promisify } from 'node:util';
import { zstdCompressSync } from 'node:zlib';
import type { ExportRow, ExportType } from './tables.ts';

export const COMPRESSIONS = ['zstd', 'snappy', 'none'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export interface ParquetOptions {
  readonly compression: Compression;
  /** Called with how many rows there are so far. */
  readonly onRows?: (rows: number) => void;
  /** Ends it between two pages. */
  readonly signal?: AbortSignal | undefined;
}

const CODECS = { zstd: 'ZSTD', snappy: 'SNAPPY', none: 'UNCOMPRESSED' } as const;

/** A group of rows is closed at so many rows or characters: what is held in memory at a time. */
const GROUP_ROWS = 20_000;
const GROUP_CHARACTERS = 8 * 2 ** 20;

/** Types of Parquet's own (parquet-format, LogicalTypes.md). */
const TYPES = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  integer: { type: 'INT64' },
  number: { type: 'DOUBLE' },
  flag: { type: 'BOOLEAN' },
  seconds: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
  milliseconds: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
  time: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
  days: { type: 'INT32', converted_type: 'DATE' },
  hash: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  hashes: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
} as const satisfies Record<ExportType, object>;

const nextTurn = promisify(setImmediate);

/**
 * Rows as a Parquet file, in chunks from its beginning to its end; every column may be null. No more than a group of rows
 * is held at a time, and others on this thread have their turn after each. Throws what `rows` throws, and the signal's
 * reason.
 */
export async function* parquetChunks(
  columns: Readonly<Record<string, ExportType>>,
  rows: AsyncIterable<readonly ExportRow[]>,
  { compression, onRows, signal }: ParquetOptions,
): AsyncGenerator<Uint8Array> {
  // Loaded only when it is asked for.
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const names = Object.keys(columns);
  const schema = [
    { name: 'root', num_children: names.length },
    ...names.map(name => ({
      name,
      repetition_type: 'OPTIONAL' as const,
      ...TYPES[columns[name] as ExportType],
    })),
  ];
  const buffer = new ByteWriter();
  const writer = new ParquetWriter({
    writer: buffer,
    schema,
    codec: CODECS[compression],
    compressors: { ZSTD: bytes => new Uint8Array(zstdCompressSync(bytes)) },
    createdBy: 'sluice',
  });
  const taken = (): Uint8Array => {
    const chunk = buffer.getBytes().slice();
    buffer.index = 0;
    return chunk;
  };
  let group = newGroup(names);
  let written = 0;
  const close = (): Uint8Array => {
    const { values, rows: size } = group;
    writer.write({ columnData: names.map(name => ({ name, data: values[name] ?? [] })), rowGroupSize: size });
    group = newGroup(names);
    written += size;
    onRows?.(written);
    return taken();
  };
  for await (const page of rows) {
    signal?.throwIfAborted();
    for (const row of page) {
      for (const name of names) {
        const value = parquetValue(row, name, columns[name] as ExportType);
        (group.values[name] as ParquetValue[]).push(value);
        if (typeof value === 'string') group.characters += value.length;
      }
      group.rows += 1;
      if (group.rows < GROUP_ROWS && group.characters < GROUP_CHARACTERS) continue;
      yield close();
      await nextTurn();
    }
  }
  if (group.rows > 0) yield close();
  writer.finish();
  yield taken();
}

type ParquetValue = string | number | bigint | boolean | Date | null;

interface RowGroup {
  rows: number;
  characters: number;
  readonly values: Readonly<Record<string, ParquetValue[]>>;
}

function newGroup(names: readonly string[]): RowGroup {
  return { rows: 0, characters: 0, values: Object.fromEntries(names.map(name => [name, []])) };
}

const DAY_MS = 86_400_000;

function parquetValue(row: ExportRow, name: string, type: ExportType): ParquetValue {
  const value = row[name];
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'text':
      return String(value);
    case 'integer':
      return BigInt(Math.round(Number(value)));
    case 'number':
      return Number(value);
    case 'flag':
      return Number(value) === 1;
    case 'seconds':
      return new Date(Number(value) * 1000);
    case 'milliseconds':
      return new Date(Number(value));
    case 'time':
      return new Date(String(value));
    case 'days':
      return new Date(Number(value) * DAY_MS);
    case 'hash':
      return hex(value as Uint8Array);
    case 'hashes':
      return hexEach(value as Uint8Array, (row.hash as Uint8Array).length);
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** Several ids, separated by spaces. */
function hexEach(bytes: Uint8Array, length: number): string {
  const each = Array.from({ length: bytes.length / length }, (_, at) =>
    hex(bytes.subarray(at * length, (at + 1) * length)),
  );
  return each.join(' ');
}
