import { SluiceError } from '../../base/errors.ts';
import { quoteName } from './address.ts';
import type { SqlExecutor, TransactionalExecutor } from './executor.ts';
import { sql as repositories } from './migrations/0001-repositories.ts';
import { sql as insights } from './migrations/0002-insights.ts';
import { sql as changesets } from './migrations/0003-changesets.ts';
import { sql as schedule } from './migrations/0004-schedule.ts';
import { sql as stations } from './migrations/0005-stations.ts';
import { sql as callSlots } from './migrations/0006-call-slots.ts';
import { sql as lives } from './migrations/0007-lives.ts';
import { sql as failingTargets } from './migrations/0008-failing-targets.ts';
import { sql as refusedMerges } from './migrations/0009-refused-merges.ts';
import { sql as botsByPlan } from './migrations/0012-bots-by-plan.ts';
import { sql as lists } from './migrations/0013-lists.ts';
import { sql as mailmaps } from './migrations/0015-mailmaps.ts';
import { sql as peopleOfFirstBakes } from './migrations/0016-people-of-first-bakes.ts';
import { sql as hoursByTime } from './migrations/0017-hours-by-time.ts';
import { sql as newestCommitsFirst } from './migrations/0018-newest-commits-first.ts';
import { sql as commitsOfChangesByPath } from './migrations/0019-commits-of-changes-by-path.ts';
import { dismissSessions } from './session.ts';

export interface Migration {
  readonly sql: string;
  /**
   * A station that knows only what was before cannot go on beside it. Columns and tables that are added hinder nobody;
   * what is renamed, removed or means something else does.
   */
  readonly breaks?: true;
}

/** In order; a migration that has been released never changes. `sluice_schema.version` counts those applied. */
export const MIGRATIONS: readonly Migration[] = [
  { sql: repositories },
  { sql: insights },
  { sql: changesets },
  { sql: schedule },
  { sql: stations },
  { sql: callSlots },
  { sql: lives },
  { sql: failingTargets },
  { sql: refusedMerges },
  { sql: botsByPlan },
  { sql: lists },
  { sql: mailmaps },
  { sql: peopleOfFirstBakes },
  { sql: hoursByTime },
  { sql: newestCommitsFirst },
  { sql: commitsOfChangesByPath },
];

const VERSION = `
CREATE TABLE sluice_schema (
  one_row     boolean PRIMARY KEY DEFAULT true CHECK (one_row),
  version     integer NOT NULL,
  -- Stations that know the schema from this version on may use it.
  usable_from integer NOT NULL
)`;

/** Of the catalogue's own tables: `to_regclass` may answer from before the wait for another station's migration. */
const TABLES = `
  SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
   WHERE nspname = $1 AND relname = coalesce($2, relname) LIMIT 1`;

interface Version {
  readonly version: number;
  readonly usableFrom: number;
}

/**
 * Brings the schema up to date in one transaction. May be called on every open, by several stations at once: one does
 * it, the others wait. A station that finds all as it should be needs no right to make anything.
 * @throws SluiceError `database_newer` for one that this version cannot use, `database_invalid` for somebody else's
 */
export async function migrate(database: TransactionalExecutor, migrations = MIGRATIONS): Promise<void> {
  const known = await versionOf(database, database.schema);
  if (known && isUsable(known, database, migrations)) return;
  await database.transaction(async transaction => {
    // Whoever waits here waits for another station's migration, which may take long.
    await transaction.run('SET LOCAL statement_timeout = 0');
    await transaction.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `sluice ${database.schema}`,
    ]);
    const version = await versionOf(transaction, database.schema);
    if (version && isUsable(version, database, migrations)) return;
    if (!version) await begin(transaction, database);
    const from = version?.version ?? 0;
    // Older stations that work are to do nothing more, rather than the wrong thing.
    if (version && migrations.slice(from).some(({ breaks }) => breaks))
      await dismissSessions(transaction, database.schema);
    for (const { sql } of migrations.slice(from)) await transaction.run(sql);
    const usableFrom = migrations.findLastIndex(({ breaks }) => breaks) + 1;
    await transaction.execute('UPDATE sluice_schema SET version = $1, usable_from = $2', [
      migrations.length,
      usableFrom,
    ]);
  });
}

/** What is asked on each connection before it is used (`assertUsable`). */
export const USABLE_FROM = 'SELECT usable_from FROM sluice_schema';

/** @throws SluiceError `database_newer` for a schema that only stations that know more may use */
export function assertUsable(usableFrom: number, place: string, known = MIGRATIONS.length): void {
  if (usableFrom <= known) return;
  const message = `${place} has a schema that needs stations that know version ${usableFrom} of it; this one knows up to ${known}`;
  throw new SluiceError('database_newer', message, { hint: 'Upgrade this station.' });
}

/** Whether nothing is left to be done; throws where nothing can be done. */
function isUsable(
  { version, usableFrom }: Version,
  { place }: TransactionalExecutor,
  migrations: readonly Migration[],
): boolean {
  if (version < migrations.length) return false;
  assertUsable(usableFrom, place, migrations.length);
  return true;
}

async function versionOf(executor: SqlExecutor, schema: string): Promise<Version | undefined> {
  if ((await executor.first(TABLES, [schema, 'sluice_schema'])) === undefined) return undefined;
  const row = await executor.first('SELECT version, usable_from FROM sluice_schema');
  return row && { version: Number(row.version), usableFrom: Number(row.usable_from) };
}

/** In a schema that is empty, or not there. */
async function begin(transaction: SqlExecutor, { schema, place }: TransactionalExecutor): Promise<void> {
  if (await transaction.first(TABLES, [schema, null])) {
    throw new SluiceError('database_invalid', `${place} holds tables of some other program`);
  }
  const made = await transaction.first('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
  if (!made) await transaction.run(`CREATE SCHEMA ${quoteName(schema)}`);
  await transaction.run(VERSION);
  await transaction.run('INSERT INTO sluice_schema (version, usable_from) VALUES (0, 0)');
}
