import { DatabaseSync } from 'node:sqlite';
import { migrate } from '../../src/keep/sqlite/migrate.ts';
import { code, GENERATED, table } from './markdown.ts';
import { QUERIES, TABLES } from './schema-words.ts';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
}

/** docs/reference/schema.md, from the migrations. Throws where a column of a public table has no words. */
export function schemaReference(): string {
  const database = new DatabaseSync(':memory:');
  migrate(database, ':memory:');
  const names = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .all()
    .map(row => String(row.name));
  const internal = names.filter(name => !(name in TABLES));
  const sections = Object.keys(TABLES).map(name => section(name, database));
  const queries = QUERIES.map(({ title, sql }) => `### ${title}\n\n\`\`\`sql\n${sql}\n\`\`\``);
  database.close();
  return `${GENERATED}

# Database schema

All that sluice knows is in one SQLite file (\`sluice.db\`, or \`database\` of the configuration), which may be read by
anything at any time, while a station runs, too: \`sqlite3 -readonly sluice.db\`, DuckDB's \`ATTACH 'sluice.db' (TYPE
sqlite)\`, a notebook. Write nothing to it by yourself.

The tables and columns below are public: they keep their meaning, new ones may come, and what has to go is announced in
the changelog a release before. Columns marked internal, indexes, triggers and all other tables are not public. \`PRAGMA
user_version\` is the version of the schema.

A store on Postgres (\`store: postgres://…\`) has the same tables and columns in the schema named \`sluice\`, unless its
address names another, but for these: \`clones\`, \`capture_files\`, \`disk_freed\` and the journal of deliveries stay in
each station's SQLite, and \`commit_hashes\` is an index there. Integers are \`bigint\` or \`integer\`, bytes are \`bytea\`
(\`encode(hash, 'hex')\` shows one), and \`sluice_schema.version\` is the version. The queries below are SQLite's; what
they do with bytes and dates is written otherwise on Postgres.

- Times in \`…_at\` are seconds since the epoch, in \`…_ms\` milliseconds, \`day\` days; all UTC.
- Object ids are bytes: \`lower(hex(hash))\` shows one, \`unhex('…')\` makes one.
- Flags are 0 or 1.

## Tables

${sections.join('\n\n')}

Internal tables: ${internal.map(code).join(', ')}.

## Queries to start from

${queries.join('\n\n')}
`;
}

function section(name: string, database: DatabaseSync): string {
  const words = TABLES[name];
  const columns = database.prepare(`PRAGMA table_info(${name})`).all() as unknown as Column[];
  if (!words || columns.length === 0) throw new Error(`there is no table ${name}`);
  const rows = columns.map(column => {
    const about = words.columns[column.name];
    if (about === undefined)
      throw new Error(`scripts/reference/schema-words.ts: ${name}.${column.name} has no words`);
    const isKey = column.pk > 0 ? ' key' : '';
    const mayBeNull = column.notnull === 0 && column.pk === 0 ? ', may be null' : '';
    return [code(column.name), `${column.type}${isKey}${mayBeNull}`, about];
  });
  return `### ${name}\n\n${words.about}\n\n${table(['Column', 'Type', 'What it is'], rows)}`;
}
