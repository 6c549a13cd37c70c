import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { PgBossWorkQueue } from '../../../src/engine/queue/pg-boss/pg-boss-work-queue.ts';
import { makeDirectory } from '../../support/left-behind.ts';
import { testDatabase } from '../../support/postgres/postgres.ts';
import { PostgresServer } from '../../support/postgres/server.ts';
import { openSlowLine } from '../../support/slow-line.ts';

/** A commit is one once the standby has it, so that no test has to wait for that. */
const PRIMARY = {
  wal_level: 'replica',
  max_wal_senders: '10',
  synchronous_standby_names: '*',
  synchronous_commit: 'remote_apply',
};

/** A server and its standby, both up; gone after the test. */
async function pair(
  t: TestContext,
): Promise<{ readonly primary: PostgresServer; readonly standby: PostgresServer }> {
  const [one, two] = [makeDirectory('sluice-primary'), makeDirectory('sluice-standby')];
  const primary = await PostgresServer.make(one.path, PRIMARY);
  const standby = await PostgresServer.standbyOf(primary, two.path, {
    wal_level: 'replica',
    max_wal_senders: '10',
  });
  t.after(async () => {
    await Promise.all([primary.kill(), standby.kill()]);
    one.remove();
    two.remove();
  });
  await Promise.all([primary.start(), standby.start()]);
  return { primary, standby };
}

/** Says something to a server as its owner. */
async function tell({ port, password }: PostgresServer, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'sluice', password, database: 'postgres' });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

async function openQueue(t: TestContext, url: string) {
  const database = await testDatabase(t, { url });
  const queue = await PgBossWorkQueue.open({
    ...{ database, clock: systemClock, log: silentLogger, station: 'one' },
    isWorkerGone: () => false,
    applyChanges: async () => undefined,
  });
  t.after(() => queue.close());
  await queue.put('a', { kind: 'sync', group: 'host', runAtMs: systemClock.nowMs(), reason: 'test' });
  const [claim] = await queue.claim({ worker: 'one', kinds: ['sync'], max: 1, leaseMs: queue.leaseMs });
  assert.ok(claim);
  return { database, queue, claim };
}

test('a standby that is promoted takes over: calls wait for it, claims hold, and nothing is lost that it had (F-609)', async t => {
  const { primary, standby } = await pair(t);
  // The standby first, which is to be passed over.
  const hosts = `127.0.0.1:${standby.port},127.0.0.1:${primary.port}`;
  const url = `postgres://sluice:${primary.password}@${hosts}/postgres?target_session_attrs=read-write`;
  const { database, queue, claim } = await openQueue(t, url);

  await primary.kill();
  const settling = queue.complete(claim, { nextAtMs: null });
  const writing = database.transaction(transaction =>
    transaction.execute("INSERT INTO bot_patterns (pattern) VALUES ('made on the standby')"),
  );
  await tell(standby, 'SELECT pg_promote()');
  assert.equal(await settling, 'settled');
  assert.equal(await writing, 1);
  assert.equal(await queue.get('a'), undefined);
  assert.equal(database.outage, undefined);
});

test('where the name leads to another server, connections to the old one, which is up and takes no changes, are given up (F-610)', async t => {
  const { primary, standby } = await pair(t);
  const name = await openSlowLine(t, primary.port);
  const url = `postgres://sluice:${primary.password}@127.0.0.1:${name.port}/postgres`;
  const { database, queue, claim } = await openQueue(t, url);
  // All of its connections are in use at once, and so to the old one.
  await Promise.all(Array.from({ length: 10 }, () => database.query('SELECT pg_sleep(0.01)')));

  await tell(primary, 'ALTER SYSTEM SET default_transaction_read_only = on', 'SELECT pg_reload_conf()');
  await tell(standby, 'SELECT pg_promote()');
  name.toPort = standby.port;
  assert.equal(await queue.complete(claim, { nextAtMs: null }), 'settled');
  assert.equal(await queue.get('a'), undefined);
  assert.equal(database.outage, undefined);
});
