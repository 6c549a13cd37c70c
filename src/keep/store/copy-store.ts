import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { SluiceError } from '../../base/errors.ts';
import {
  STORE_TABLES,
  type StoredTableRow,
  type StoredValue,
  type StoreTable,
  type StoreTables,
} from './tables.ts';

/** What was found to be the same in both databases. */
export interface CopiedTable {
  readonly table: string;
  readonly rows: number;
  /** Sum of the CRC32 of every row, in hexadecimal. */
  readonly checksum: string;
  /** Of the rows, how many this copy had to write; the others were there already. */
  readonly written: number;
}

/** How far a copy is. */
export interface CopyStoreStep {
  readonly table: string;
  /** From 1, of `tables`. */
  readonly number: number;
  readonly tables: number;
  readonly doing: 'writing' | 'comparing';
  /** Of the table. */
  readonly rows: number;
}

export interface CopyStoreOptions {
  readonly from: StoreTables;
  readonly to: StoreTables;
  /** Called with how many rows of a table were written, or compared at the end, so far. */
  readonly onProgress?: (step: CopyStoreStep) => void;
  readonly signal?: AbortSignal;
}

/** Rows a step. */
const STEP = 2_000;
/** Sums of checksums stay exact below this. */
const MODULUS = 2n ** 48n;

interface Digest {
  readonly rows: number;
  readonly sum: bigint;
}

/**
 * Copies a store into another database, whatever the two are, and proves by counts and checksums of every table that
 * both hold the same. What is there already from a copy that was cut off, or made while a station still worked, is not
 * written again. Nobody else may change either of them at the end: what differs then is an error.
 * @throws SluiceError `usage` where the other holds something else, `database_*`, `cancelled`
 */
export async function copyStore({ from, to, onProgress, signal }: CopyStoreOptions): Promise<CopiedTable[]> {
  await assertCopyOf(from, to);
  const written = new Map<string, number>();
  const tables = STORE_TABLES.length;
  for (const [index, table] of STORE_TABLES.entries()) {
    const step = (rows: number): void => {
      signal?.throwIfAborted();
      onProgress?.({ table: table.name, number: index + 1, tables, doing: 'writing', rows });
    };
    step(0);
    written.set(table.name, await bringUpToDate(table, from, to, step));
  }
  await to.complete();
  const copied: CopiedTable[] = [];
  for (const [index, table] of STORE_TABLES.entries()) {
    onProgress?.({ table: table.name, number: index + 1, tables, doing: 'comparing', rows: 0 });
    const [there, here] = [await digest(table, from, signal), await digest(table, to, signal)];
    if (!isSame(there, here)) {
      const message = `table ${table.name} has ${there.rows} rows here and ${here.rows} there, or others: a station has changed it meanwhile`;
      throw new SluiceError('database_busy', message, {
        operation: 'copy store',
        hint: 'Stop the stations that work on either, and copy again: what is there already is not written again.',
      });
    }
    const checksum = there.sum.toString(16).padStart(12, '0');
    copied.push({ table: table.name, rows: there.rows, checksum, written: written.get(table.name) ?? 0 });
  }
  return copied;
}

/** The other one is empty, or every repository in it is one of these. */
async function assertCopyOf(from: StoreTables, to: StoreTables): Promise<void> {
  const [table] = STORE_TABLES as [StoreTable];
  for await (const rows of pages(table, to)) {
    const own = new Map<StoredValue | undefined, StoredValue | undefined>();
    const first = rows[0];
    const [before] = first ? [{ ...first, id: Number(first.id) - 1 }] : [];
    const same = await from.read(table, before, Number(rows.at(-1)?.id) - Number(first?.id) + 1);
    for (const row of same) own.set(row.id, row.url);
    const foreign = rows.find(row => own.get(row.id) !== row.url);
    if (foreign) {
      const message = `the store to copy into holds something else: ${foreign.url}`;
      throw new SluiceError('usage', message, { hint: 'Name an empty one, or another schema.' });
    }
  }
}

/** @returns how many rows were written */
async function bringUpToDate(
  table: StoreTable,
  from: StoreTables,
  to: StoreTables,
  step: (rows: number) => void,
): Promise<number> {
  // Rows are written in the order of their keys, so that what an interrupted copy has left is a beginning.
  let written = await copyAfter(table, table.isWhole ? undefined : await to.last(table), from, to, step);
  if (isSame(await digest(table, from), await digest(table, to))) return written;
  // Something in that beginning has changed since.
  written = await copyAfter(table, undefined, from, to, step);
  if (isSame(await digest(table, from), await digest(table, to))) return written;
  // Something is there that is here no more.
  await to.clear(table);
  return copyAfter(table, undefined, from, to, step);
}

async function copyAfter(
  table: StoreTable,
  after: StoredTableRow | undefined,
  from: StoreTables,
  to: StoreTables,
  step: (rows: number) => void,
): Promise<number> {
  let written = 0;
  if (table.isWhole && isSame(await digest(table, from), await digest(table, to))) return 0;
  if (table.isWhole) await to.clear(table);
  for await (const rows of pages(table, from, after)) {
    await to.write(table, rows);
    written += rows.length;
    step(written);
  }
  return written;
}

async function* pages(
  table: StoreTable,
  tables: StoreTables,
  after?: StoredTableRow,
): AsyncGenerator<StoredTableRow[]> {
  for (let last = after; ; ) {
    // Two databases of this process answer at once: without a turn of its own nobody could stop it.
    await setImmediate();
    const rows = await tables.read(table, last, STEP);
    if (rows.length > 0) yield rows;
    if (table.isWhole || rows.length < STEP) return;
    last = rows.at(-1);
  }
}

async function digest(table: StoreTable, tables: StoreTables, signal?: AbortSignal): Promise<Digest> {
  let rows = 0;
  let sum = 0n;
  for await (const page of pages(table, tables)) {
    signal?.throwIfAborted();
    rows += page.length;
    for (const row of page) sum += BigInt(crc32(rowText(table, row)));
  }
  return { rows, sum: sum % MODULUS };
}

function isSame(one: Digest, other: Digest): boolean {
  return one.rows === other.rows && one.sum === other.sum;
}

/** The same text for the same row, of whichever database. */
function rowText({ columns }: StoreTable, row: StoredTableRow): string {
  const values = Object.keys(columns).map(name => {
    const value = row[name] ?? null;
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  });
  return JSON.stringify(values);
}
