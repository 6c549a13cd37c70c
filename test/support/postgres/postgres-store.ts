import { after, type TestContext } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { PgBossWorkQueue } from '../../../src/engine/queue/pg-boss/pg-boss-work-queue.ts';
import { openPostgresStore, type PostgresStore } from '../../../src/keep/postgres/open-store.ts';
import { applyChanges } from '../../../src/keep/postgres/store/changes.ts';
import type { StoreAndQueueFixture, StoreFixture } from '../../suites/store-fixture.ts';
import { testAddress } from './postgres.ts';

/** What a new schema has in it. */
const NOT_EMPTIED = ['sluice_schema', 'bot_patterns'];

/** Opens the store that the tests of one file have one after the other, empty for each; called outside of tests. */
export async function sharedPostgresStore(): Promise<(t: TestContext) => Promise<StoreFixture>> {
  return (await openShared()).open;
}

/** The same with its queue. No worker counts as gone. */
export async function sharedPostgresStoreAndQueue(): Promise<
  (t: TestContext) => Promise<StoreAndQueueFixture>
> {
  const { store, open } = await openShared();
  const queue = await PgBossWorkQueue.open({
    database: store.database,
    clock: systemClock,
    log: silentLogger,
    applyChanges,
    isWorkerGone: () => false,
    station: 'test',
  });
  after(() => queue.close());
  return async t => ({ ...(await open(t)), queue });
}

async function openShared() {
  const { url } = await testAddress();
  const openOne = async (context: { after(end: () => Promise<void>): void }): Promise<PostgresStore> => {
    const store = await openPostgresStore({ url, clock: systemClock, env: {} });
    context.after(() => store.close());
    return store;
  };
  const store = await openOne({ after });
  const open = async (t: TestContext): Promise<StoreFixture> => {
    await empty(store);
    return {
      store: await openOne(t),
      query: (sql, ...params) => store.database.query(inPostgres(sql), params),
      reopen: () => openOne(t),
    };
  };
  return { store, open };
}

/** Row by row: of few rows that is faster than TRUNCATE. */
async function empty({ database }: PostgresStore): Promise<void> {
  const rows = await database.query(
    'SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND NOT tablename = ANY($1)',
    [NOT_EMPTIED],
  );
  const tables = rows.map(row => String(row.tablename));
  // Without triggers and checks of what refers to what, which only the tests' superuser may leave out.
  await database.run(`
    BEGIN; SET LOCAL session_replication_role = replica;
    ${tables.map(table => `DELETE FROM ${table};`).join(' ')}
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)
      FROM pg_sequences WHERE schemaname = current_schema() AND last_value IS NOT NULL;
    COMMIT;`);
}

/** A query that SQLite has other words for. */
function inPostgres(sql: string): string {
  let parameter = 0;
  return sql
    .replace(/\?/g, () => {
      parameter += 1;
      return `$${parameter}`;
    })
    .replace(/hex\(([\w.]+)\)/g, "encode($1, 'hex')");
}
