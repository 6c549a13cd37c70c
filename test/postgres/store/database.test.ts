import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { systemClock } from '../../../src/base/clock.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import { PostgresDatabase } from '../../../src/keep/postgres/database.ts';
import { isDouble } from '../../../src/keep/postgres/errors.ts';
import { KEEPS_PLAN } from '../../../src/keep/postgres/executor.ts';
import { migrate } from '../../../src/keep/postgres/migrate.ts';
import { addressIn, ownerOf, ownServer, testAddress, testDatabase } from '../../support/postgres/postgres.ts';

function hasCode(code: string, words?: RegExp): (error: unknown) => boolean {
  return error => error instanceof SluiceError && error.code === code && (words?.test(error.message) ?? true);
}

test('a transaction is made as a whole or not at all', async t => {
  const database = await testDatabase(t);
  await database.run('CREATE TABLE things (id integer PRIMARY KEY)');
  await assert.rejects(
    database.transaction(async transaction => {
      await transaction.execute('INSERT INTO things VALUES (1)');
      throw new Error('no');
    }),
  );
  assert.deepEqual(await database.query('SELECT * FROM things'), []);
  await database.transaction(transaction => transaction.execute('INSERT INTO things VALUES ($1)', [2]));
  assert.deepEqual(await database.query('SELECT * FROM things'), [{ id: 2 }]);
});

test('integers of eight bytes and sums are numbers, bytes are bytes, and NUL in text is shown', async t => {
  const database = await testDatabase(t);
  const row = await database.first(
    'SELECT $1::bigint AS big, (SELECT sum(x) FROM unnest($2::bigint[]) AS x) AS total, $3::bytea AS bytes, $4::text AS text',
    [2 ** 52, [1, 2, 3], new Uint8Array([0, 255]), 'a\0b'],
  );
  assert.deepEqual(row, { big: 2 ** 52, total: 6, bytes: Buffer.from([0, 255]), text: 'a\u2400b' });
});

test('rows that are copied in are what they were, whatever their text is; one that is there already fails the transaction', async t => {
  const database = await testDatabase(t);
  await database.run('CREATE TABLE things (id integer PRIMARY KEY, name text, bytes bytea)');
  const into = { table: 'things', columns: { id: 'integer', name: 'text', bytes: 'bytea' } } as const;
  const names = [
    '',
    '\\N',
    '\\.',
    'a\tb',
    'c\nd\r\n',
    'e\\f\\\\',
    '\0',
    '\ud800',
    'ü \u{1f600}',
    'ü'.repeat(100_000),
    null,
  ];
  const rows = names.map((name, id) => [id, name, '00ff5c']);
  await database.transaction(transaction => transaction.copyIn(into, rows));
  const stored = await database.query('SELECT name, bytes FROM things ORDER BY id');
  const wanted = names.map(name => name?.toWellFormed().replace('\0', '\u2400') ?? null);
  assert.deepEqual(
    stored,
    wanted.map(name => ({ name, bytes: Buffer.from('00ff5c', 'hex') })),
  );
  const again = database.transaction(async transaction => {
    await transaction.execute('DELETE FROM things WHERE id = 1');
    await transaction.copyIn({ table: 'things', columns: { id: 'integer' } }, [[2]]);
  });
  await assert.rejects(again, isDouble);
  assert.equal((await database.query('SELECT FROM things')).length, names.length);
});

test('a plan that is kept outlives a change of its tables, on any connection', async t => {
  const database = await testDatabase(t, { connections: 1 });
  await database.run('CREATE TABLE things (id integer); INSERT INTO things VALUES (1)');
  const ask = () => database.query('SELECT * FROM things WHERE id = $1', [1], KEEPS_PLAN);
  assert.deepEqual(await ask(), [{ id: 1 }]);
  await database.run('ALTER TABLE things ADD COLUMN name text');
  assert.deepEqual(await ask(), [{ id: 1, name: null }]);
  await database.run('ALTER TABLE things DROP COLUMN name');
  const within = await database.transaction(transaction =>
    transaction.query('SELECT * FROM things WHERE id = $1', [1], KEEPS_PLAN),
  );
  assert.deepEqual(within, [{ id: 1 }]);
});

test('transactions that meet are made one after the other', async t => {
  const database = await testDatabase(t);
  await database.run(
    'CREATE TABLE counters (id integer PRIMARY KEY, count integer); INSERT INTO counters VALUES (1, 0), (2, 0)',
  );
  const add = (first: number, second: number): Promise<void> =>
    database.transaction(async transaction => {
      for (const id of [first, second])
        await transaction.execute('UPDATE counters SET count = count + 1 WHERE id = $1', [id]);
    });
  // In opposite order: a deadlock, which Postgres ends by refusing one of them.
  await Promise.all(Array.from({ length: 6 }, (_, index) => (index % 2 ? add(1, 2) : add(2, 1))));
  assert.deepEqual(await database.query('SELECT count FROM counters'), [{ count: 6 }, { count: 6 }]);
});

test('connections that the server ends are made anew, and what they were at is done again (F-401)', async t => {
  const database = await testDatabase(t);
  await database.run('CREATE TABLE things (id integer)');
  let tries = 0;
  await database.transaction(async transaction => {
    tries += 1;
    await transaction.execute('INSERT INTO things VALUES (1)');
    const { pid } = (await transaction.first('SELECT pg_backend_pid() AS pid')) as { pid: number };
    if (tries === 1) await database.first('SELECT pg_terminate_backend($1)', [pid]);
    await transaction.execute('INSERT INTO things VALUES (2)');
  });
  assert.equal(tries, 2);
  assert.deepEqual(await database.query('SELECT id FROM things ORDER BY id'), [{ id: 1 }, { id: 2 }]);
  assert.equal(database.outage, undefined);
});

test('a transaction that stands still is ended by the server, and its locks with it', async t => {
  const database = await testDatabase(t);
  const row = await database.first('SHOW idle_in_transaction_session_timeout');
  assert.equal(row?.idle_in_transaction_session_timeout, '5s');
});

test('a server that restarts is waited for, and one that stays away is told of (F-401)', async t => {
  const server = await ownServer(t);
  const { url } = addressIn(server);
  const database = await testDatabase(t, { url, patienceMs: 20_000 });
  const hasty = await testDatabase(t, { url, patienceMs: 0 });
  await database.run('CREATE TABLE things (id integer)');
  await server.stop();
  await assert.rejects(hasty.query('SELECT 1'), hasCode('database_unreachable'));
  assert.equal(hasty.outage?.error.code, 'database_unreachable');
  const written = database.transaction(transaction => transaction.execute('INSERT INTO things VALUES (1)'));
  await server.start();
  await written;
  assert.deepEqual(await database.query('SELECT * FROM things'), [{ id: 1 }]);
});

test('a server that takes no changes any more is waited for as one that is away, and told of (F-401)', async t => {
  const server = await ownServer(t);
  const { url } = addressIn(server);
  const database = await testDatabase(t, { url, patienceMs: 500 });
  await database.run('CREATE TABLE things (id integer)');
  const owner = await ownerOf(server);
  await owner.query('SET default_transaction_read_only = off');
  const insert = () =>
    database.transaction(transaction => transaction.execute('INSERT INTO things VALUES (1)'));
  await owner.query('ALTER SYSTEM SET default_transaction_read_only = on');
  await owner.query('SELECT pg_reload_conf()');
  await assert.rejects(
    async () => {
      for (;;) await insert();
    },
    hasCode('database_unreachable', /takes no changes/),
  );
  await assert.rejects(insert(), hasCode('database_unreachable', /takes no changes/));
  const { promise: over, resolve } = Promise.withResolvers<void>();
  database.onOutage(outage => outage ?? resolve());
  await owner.query('ALTER SYSTEM RESET default_transaction_read_only');
  await owner.query('SELECT pg_reload_conf()');
  await over;
  await insert();
});

test('tables that somebody drops are waited for as a server that is away, and told of (F-401)', async t => {
  const server = await ownServer(t);
  const { url, schema } = addressIn(server);
  const database = await testDatabase(t, { url, patienceMs: 500 });
  await database.run('CREATE TABLE things (id integer)');
  const owner = await ownerOf(server);
  const name = pg.escapeIdentifier(schema);
  await owner.query(`ALTER SCHEMA ${name} RENAME TO aside`);
  const ask = () => database.query('SELECT * FROM things');
  await assert.rejects(
    async () => {
      for (;;) await ask();
    },
    hasCode('database_failed', /lost the tables|does not exist/),
  );
  assert.match(database.outage?.error.hint ?? '', /backup/);
  const { promise: over, resolve } = Promise.withResolvers<void>();
  database.onOutage(outage => outage ?? resolve());
  await owner.query(`ALTER SCHEMA aside RENAME TO ${name}`);
  await over;
  assert.deepEqual(await ask(), []);
});

test('who is not let in is told so, without the password (F-403)', async () => {
  const address = await testAddress();
  const url = address.tcpUrl().replace(/:[0-9a-f]+@/, ':wrong-secret@');
  await assert.rejects(PostgresDatabase.open({ url, clock: systemClock, env: {} }), (error: unknown) => {
    assert.ok(hasCode('database_refused')(error));
    assert.doesNotMatch(JSON.stringify(error) + String(error), /wrong-secret/);
    return true;
  });
});

test('several stations may make the schema at once, and one migration after the other (F-402)', async t => {
  const { url } = await testAddress();
  const opened = await Promise.all([1, 2, 3].map(() => testDatabase(t, { url })));
  const [database] = opened as [PostgresDatabase];
  const known = Number((await database.first('SELECT version FROM sluice_schema'))?.version);
  const before = Array.from({ length: known }, () => ({ sql: '' }));
  await Promise.all(
    opened.map(each => migrate(each, [...before, { sql: 'CREATE TABLE later (id integer)' }])),
  );
  assert.deepEqual(await database.query('SELECT version FROM sluice_schema'), [{ version: known + 1 }]);
});

test('an older station goes on beside a newer schema that hinders nobody, and stops before one that does (F-402)', async t => {
  const database = await testDatabase(t);
  const known = Number((await database.first('SELECT version FROM sluice_schema'))?.version);
  const before = Array.from({ length: known }, () => ({ sql: '' }));
  const harmless = [...before, { sql: 'CREATE TABLE later (id integer)' }];
  await migrate(database, harmless);
  await migrate(database, before);
  await migrate(database, [...harmless, { sql: 'DROP TABLE later', breaks: true }]);
  await assert.rejects(
    migrate(database, harmless),
    hasCode('database_newer', /needs stations that know version/),
  );
});

test("somebody else's tables are left alone (F-402)", async t => {
  const database = await testDatabase(t);
  const address = await testAddress();
  await database.run(`CREATE SCHEMA ${address.schema}; CREATE TABLE ${address.schema}.theirs (id integer)`);
  await assert.rejects(testDatabase(t, { url: address.url }), hasCode('database_invalid'));
});
