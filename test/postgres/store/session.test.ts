import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { PgBossWorkQueue } from '../../../src/engine/queue/pg-boss/pg-boss-work-queue.ts';
import type { Claim } from '../../../src/engine/queue/work-queue.ts';
import { PostgresDatabase } from '../../../src/keep/postgres/database.ts';
import { migrate } from '../../../src/keep/postgres/migrate.ts';
import { openPostgresStore } from '../../../src/keep/postgres/open-store.ts';
import { commitOf } from '../../suites/history-writer-suite.ts';
import { addressIn, ownServer, testAddress, testDatabase } from '../../support/postgres/postgres.ts';
import { startTransactionPooler } from '../../support/postgres/transaction-pooler.ts';

function hasCode(code: string, words: RegExp): (error: unknown) => boolean {
  return error => error instanceof SluiceError && error.code === code && words.test(error.message);
}

test('a pooler that shares connections by transaction is refused in clear words (F-602)', async t => {
  const server = await ownServer(t);
  const port = await startTransactionPooler(t, server);
  const url = addressIn(server).tcpUrl(port);
  const between = new URL(url);
  between.searchParams.set('sslmode', 'disable');
  await assert.rejects(
    PostgresDatabase.open({ url: String(between), clock: systemClock, env: {} }),
    hasCode('config_invalid', /hands connections on between transactions/),
  );
});

test('a station that works is stopped from the store by a newer one whose schema it cannot use, and never half (F-603)', async t => {
  const { url } = await testAddress();
  const older = await testDatabase(t, { url, patienceMs: 1000 });
  const newer = await testDatabase(t, { url });
  const known = Number((await older.first('SELECT version FROM sluice_schema'))?.version);
  const before = Array.from({ length: known }, () => ({ sql: '' }));
  await older.run('CREATE TABLE things (id integer)');
  const begun = Promise.withResolvers<void>();
  let tries = 0;
  const underWay = older.transaction(async transaction => {
    tries += 1;
    await transaction.execute('INSERT INTO things VALUES (1)');
    begun.resolve();
    await transaction.query('SELECT pg_sleep(60)');
  });
  await begun.promise;
  const [, ended] = await Promise.all([
    migrate(newer, [...before, { sql: 'ALTER TABLE things RENAME TO matters', breaks: true }]),
    underWay.catch((error: unknown) => error),
  ]);
  assert.ok(
    hasCode('database_unreachable', /terminating/)(ended) || hasCode('database_newer', /needs/)(ended),
  );
  assert.equal(tries, 1);
  const isTold = hasCode(
    'database_newer',
    /needs stations that know version \d+ of it; this one knows up to/,
  );
  await assert.rejects(older.query('SELECT 1'), isTold);
  assert.ok(isTold(older.outage?.error));
  assert.deepEqual(await newer.query('SELECT * FROM matters'), []);
});

test('a station whose role may read and write, and owns nothing, works; what it may not make it says (F-604)', async t => {
  const server = await ownServer(t);
  const owner = await testDatabase(t, { url: addressIn(server).url });
  const { schema } = owner;
  await owner.run(`
    CREATE ROLE worker LOGIN PASSWORD 'w';
    GRANT USAGE ON SCHEMA ${schema} TO worker;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO worker;
    GRANT USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA ${schema} TO worker;
    CREATE ROLE keeper LOGIN PASSWORD 'k';
    CREATE SCHEMA "Team's own" AUTHORIZATION keeper;`);
  const as = (user: string, password: string, inSchema: string): string => {
    const url = new URL(addressIn(server).tcpUrl());
    url.username = user;
    url.password = password;
    url.searchParams.set('schema', inSchema);
    return String(url);
  };
  const open = async (url: string) => {
    const store = await openPostgresStore({ url, clock: systemClock, env: {} });
    t.after(() => store.close());
    return store;
  };
  const store = await open(as('worker', 'w', schema));
  const { id } = await store.repositories.ensure('/one', 'local');
  const run = await store.runs.start(id, 'test', 1);
  await store.apply([{ kind: 'end-run', id: run.id, end: { summary: '{}' }, nowMs: 2 }]);
  assert.equal((await store.runs.byId(run.id))?.state, 'done');
  const later = [{ sql: 'CREATE TABLE later (id integer)' }];
  const known = Number((await owner.first('SELECT version FROM sluice_schema'))?.version);
  const migrations = [...Array.from({ length: known }, () => ({ sql: '' })), ...later];
  await assert.rejects(migrate(store.database, migrations), hasCode('database_refused', /permission denied/));

  // One that owns its schema, under a name that has to be quoted, and may make nothing else.
  const keeper = await open(as('keeper', 'k', "Team's own"));
  assert.equal((await keeper.repositories.ensure('/one', 'local')).url, '/one');
  await assert.rejects(
    open(as('worker', 'w', 'elsewhere')),
    hasCode('database_refused', /permission denied/),
  );
});

test('a station works with no more rights than the commands of the guide give its role (F-604)', async t => {
  const server = await ownServer(t);
  const superuser = await testDatabase(t, { url: addressIn(server).url });
  await superuser.run('REVOKE CREATE ON DATABASE postgres FROM PUBLIC');
  const guide = readFileSync(join(import.meta.dirname, '../../../docs/guide/fleet.md'), 'utf8');
  // The role of the tests' server has the guide's name.
  const [, schemas = '', grants = ''] = [...guide.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = '']) =>
    sql.replaceAll('sluice', 'team'),
  );
  const workAs = async (role: string): Promise<void> => {
    const url = new URL(addressIn(server).tcpUrl());
    [url.username, url.password] = [role, '…'];
    url.searchParams.set('schema', 'team');
    const store = await openPostgresStore({ url: String(url), clock: systemClock, env: {} });
    t.after(() => store.close());
    const queue = await PgBossWorkQueue.open({
      ...{ database: store.database, station: role, clock: systemClock, log: silentLogger },
      isWorkerGone: () => false,
      applyChanges: async () => undefined,
    });
    t.after(() => queue.close());
    await queue.put(role, { kind: 'sync', group: 'a', runAtMs: 0, reason: 'test' });
    const claims = await queue.claim({ worker: 'w', max: 1, leaseMs: queue.leaseMs });
    assert.deepEqual(await queue.heartbeat(claims), { lost: [], dropped: [] });
    assert.equal(await queue.complete(claims[0] as Claim, { nextAtMs: null }), 'settled');
    const { id } = await store.repositories.ensure(`/${role}`, 'local');
    const writer = store.history(id);
    await writer.begin(new Map([['refs/heads/main', commitOf(1).hash]]));
    await writer.append([commitOf(1)], 1);
    assert.equal((await writer.finish(1)).commits, 1);
  };
  await superuser.run(schemas);
  await workAs('team');
  await superuser.run(grants);
  await workAs('station');
});
