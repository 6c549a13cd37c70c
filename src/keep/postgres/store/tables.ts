import type { StoredTableRow, StoredValue, StoreTable, StoreTables } from '../../store/tables.ts';
import type { SqlExecutor, TransactionalExecutor } from '../executor.ts';

import { makeLives } from './changesets/lives.ts';

/** As the parameters of a statement that has a column in an array. */
const ARRAYS = {
  integer: 'bigint[]',
  real: 'double precision[]',
  text: 'text[]',
  json: 'text[]',
  bytes: 'bytea[]',
};
/** Columns that a trigger gives a value of its own when a row comes. */
const SET_BY_TRIGGERS: Readonly<Record<string, readonly string[]>> = { identities: ['person_id'] };
/** Ids go on after those that were copied. */
const NEXT_IDS = `
  SELECT setval(pg_get_serial_sequence(table_name, 'id'), next, false) FROM (
    SELECT table_name::text, (xpath('/row/next/text()', query_to_xml(
      format('SELECT coalesce(max(id), 0) + 1 AS next FROM %I', table_name), false, true, '')))[1]::text::bigint AS next
      FROM information_schema.columns
     WHERE table_schema = current_schema() AND column_name = 'id' AND is_identity = 'YES') AS tables`;

export class PostgresTables implements StoreTables {
  readonly #database: TransactionalExecutor;

  constructor(database: TransactionalExecutor) {
    this.#database = database;
  }

  async read(table: StoreTable, after: StoredTableRow | undefined, limit: number): Promise<StoredTableRow[]> {
    const key = table.key.join(', ');
    const names = Object.keys(table.columns).join(', ');
    if (table.isWhole) {
      return (await this.#database.query(`SELECT ${names} FROM ${table.name}`)) as StoredTableRow[];
    }
    const past = after ? `WHERE (${key}) > (${table.key.map((_, at) => `$${at + 2}`).join(', ')})` : '';
    const values = after ? table.key.map(name => after[name] as StoredValue) : [];
    const sql = `SELECT ${names} FROM ${table.name} ${past} ORDER BY ${key} LIMIT $1`;
    return (await this.#database.query(sql, [limit, ...values])) as StoredTableRow[];
  }

  async last({ name, key }: StoreTable): Promise<StoredTableRow | undefined> {
    const order = key.map(column => `${column} DESC`).join(', ');
    const row = await this.#database.first(`SELECT ${key.join(', ')} FROM ${name} ORDER BY ${order} LIMIT 1`);
    return row as StoredTableRow | undefined;
  }

  async write(table: StoreTable, rows: readonly StoredTableRow[]): Promise<void> {
    await this.#database.transaction(async transaction => {
      await insert(transaction, table, rows);
      await correct(transaction, table, rows);
    });
  }

  async clear({ name }: StoreTable): Promise<void> {
    await this.#database.execute(`DELETE FROM ${name}`);
  }

  async complete(): Promise<void> {
    await this.#database.transaction(transaction => transaction.query(NEXT_IDS));
    await makeLives(this.#database);
    await this.#database.run('ANALYZE');
  }
}

async function insert(
  transaction: SqlExecutor,
  { name, key, columns, isWhole }: StoreTable,
  rows: readonly StoredTableRow[],
): Promise<void> {
  const names = Object.keys(columns);
  const given = Object.values(columns).map((type, at) => `$${at + 1}::${ARRAYS[type]}`);
  const others = names.filter(each => !key.includes(each));
  const renewed = others.map(each => `${each} = excluded.${each}`).join(', ');
  const conflict = isWhole
    ? ''
    : `ON CONFLICT (${key.join(', ')}) ${others.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${renewed}`}`;
  await transaction.execute(
    `INSERT INTO ${name} (${names.join(', ')}) SELECT * FROM unnest(${given.join(', ')}) ${conflict}`,
    names.map(each => rows.map(row => row[each] ?? null) as (number | null)[]),
  );
}

async function correct(
  transaction: SqlExecutor,
  { name, key }: StoreTable,
  rows: readonly StoredTableRow[],
): Promise<void> {
  for (const column of SET_BY_TRIGGERS[name] ?? []) {
    await transaction.execute(
      `UPDATE ${name} SET ${column} = given.value
         FROM unnest($1::bigint[], $2::bigint[]) AS given (id, value) WHERE ${name}.${key[0]} = given.id`,
      [rows.map(row => Number(row[key[0] ?? ''])), rows.map(row => (row[column] ?? null) as number | null)],
    );
  }
}
