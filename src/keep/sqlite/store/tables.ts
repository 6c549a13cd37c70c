import { portableJson, withoutNul } from '../../../base/text.ts';
import type { StoredTableRow, StoredType, StoredValue, StoreTable, StoreTables } from '../../store/tables.ts';
import type { Database } from '../database.ts';
import type { SqlValue } from '../values.ts';
import { makeLives } from './changesets/lives.ts';

/** Columns that a trigger gives a value of its own when a row comes. */
const SET_BY_TRIGGERS: Readonly<Record<string, readonly string[]>> = {
  identities: ['person_id'],
  people: ['bot'],
};
/** Settled commits are found by their hash. */
const HASHES = `
  INSERT INTO commit_hashes (repository_id, hash, commit_id)
  SELECT repository_id, hash, commits.id FROM commits JOIN repositories ON repositories.id = repository_id
   WHERE commits.id < coalesce(unsettled_from, 9223372036854775807) ORDER BY 1, 2 ON CONFLICT DO NOTHING`;

export class SqliteTables implements StoreTables {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async read(table: StoreTable, after: StoredTableRow | undefined, limit: number): Promise<StoredTableRow[]> {
    const key = table.key.join(', ');
    const past = after ? `WHERE (${key}) > (${table.key.map(() => '?').join(', ')})` : '';
    const values = after ? table.key.map(name => after[name] as StoredValue) : [];
    const sql = `SELECT ${Object.keys(table.columns).join(', ')} FROM ${table.name} ${past} ORDER BY ${key} LIMIT ?`;
    const rows = this.#database.all(sql, ...values, table.isWhole ? -1 : limit) as StoredTableRow[];
    return rows.map(row => portableRow(table, row));
  }

  async last({ name, key }: StoreTable): Promise<StoredTableRow | undefined> {
    const order = key.map(column => `${column} DESC`).join(', ');
    return this.#database.first(`SELECT ${key.join(', ')} FROM ${name} ORDER BY ${order} LIMIT 1`) as
      | StoredTableRow
      | undefined;
  }

  async write({ name, key, columns }: StoreTable, rows: readonly StoredTableRow[]): Promise<void> {
    const names = Object.keys(columns);
    const others = names.filter(each => !key.includes(each));
    const renewed = others.map(each => `${each} = excluded.${each}`).join(', ');
    const conflict = others.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${renewed}`;
    const sql = `INSERT INTO ${name} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})
      ON CONFLICT (${key.join(', ')}) ${conflict}`;
    await this.#database.write(() => {
      const insert = this.#database.statement(sql);
      for (const row of rows) insert.run(...names.map(each => (row[each] ?? null) as SqlValue));
      for (const column of SET_BY_TRIGGERS[name] ?? []) {
        const update = this.#database.statement(`UPDATE ${name} SET ${column} = ? WHERE ${key[0]} = ?`);
        for (const row of rows) update.run((row[column] ?? null) as SqlValue, row[key[0] ?? ''] as SqlValue);
      }
    });
  }

  async clear({ name }: StoreTable): Promise<void> {
    await this.#database.write(() => {
      this.#database.statement(`DELETE FROM ${name}`).run();
    });
  }

  async complete(): Promise<void> {
    await this.#database.write(() => {
      this.#database.statement(HASHES).run();
    });
    await makeLives(this.#database);
  }
}

/** As every database can hold it. */
function portableRow({ columns }: StoreTable, row: StoredTableRow): StoredTableRow {
  return Object.fromEntries(
    Object.entries(columns).map(([name, type]) => [name, portable(type, row[name] ?? null)]),
  );
}

function portable(type: StoredType, value: StoredValue): StoredValue {
  if (typeof value !== 'string') return value;
  return type === 'json' ? portableJson(JSON.parse(value)) : withoutNul(value);
}
