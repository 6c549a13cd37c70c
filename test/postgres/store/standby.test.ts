import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { PgBossWorkQueue } from '../../../src/engine/queue/pg-boss/pg-boss-work-queue.ts';
import { makeDirectory } from '../../support/left-behind.ts';
import { testDatabase } from '../../support/postgres/postgres.ts';
import { PostgresServer } from '../../support/postgres/server.ts';

/** A commit is one once the standby has it, so that no test has to wait for that. */
const PRIMARY = {
  wal_level: 'replica',
  max_wal_senders: '10',
  synchronous_standby_names: '*',
  synchronous_commit: 'remote_apply',
};

test('a standby that is promoted takes over: calls wait for it, claims hold, and nothing is lost that it had (F-609)', async t => {
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
  const { password } = primary;
  // The standby first, which is to be passed over.
  const hosts = `127.0.0.1:${standby.port},127.0.0.1:${primary.port}`;
  const url = `postgres://sluice:${password}@${hosts}/postgres?target_session_attrs=read-write`;
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

  await primary.kill();
  const settling = queue.complete(claim, { nextAtMs: null });
  const writing = database.transaction(transaction =>
    transaction.execute("INSERT INTO bot_patterns (pattern) VALUES ('made on the standby')"),
  );
  const promoting = new pg.Client({
    ...{ host: '127.0.0.1', port: standby.port },
    user: 'sluice',
    password,
    database: 'postgres',
  });
  await promoting.connect();
  await promoting.query('SELECT pg_promote()');
  await promoting.end();
  assert.equal(await settling, 'settled');
  assert.equal(await writing, 1);
  assert.equal(await queue.get('a'), undefined);
  assert.equal(database.outage, undefined);
});
