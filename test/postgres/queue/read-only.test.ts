import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { PgBossWorkQueue } from '../../../src/engine/queue/pg-boss/pg-boss-work-queue.ts';
import { SYNC_RETRY } from '../../../src/engine/retry.ts';
import { Workers } from '../../../src/engine/workers.ts';
import { addressIn, ownerOf, ownServer, testDatabase } from '../../support/postgres/postgres.ts';

const TARGETS = 6;
const AT_ONCE = 2;
const TAKES_NO_CHANGES = /takes no changes: it is read only, or a standby$/;

/** A station that works off targets; what it begins waits for `mayEnd`. */
async function openStation(t: TestContext, url: string, station: string, mayEnd: Promise<void>) {
  const database = await testDatabase(t, { url, patienceMs: 500 });
  const queue = await PgBossWorkQueue.open({
    ...{ database, clock: systemClock, log: silentLogger, station },
    isWorkerGone: () => false,
    applyChanges: async () => undefined,
  });
  t.after(() => queue.close());
  const began: string[] = [];
  const ended: string[] = [];
  const busy = Promise.withResolvers<void>();
  const workers = new Workers({
    ...{ name: station, queue, clock: systemClock, random: systemRandom, log: silentLogger },
    concurrency: AT_ONCE,
    timing: { pollMs: 50 },
    handlers: new Map([
      [
        'sync',
        {
          retry: SYNC_RETRY,
          async run({ key }) {
            if (began.push(key) === AT_ONCE) busy.resolve();
            await mayEnd;
            return { nextAtMs: null };
          },
        },
      ],
    ]),
    onEnd: ({ claim, ending }) => ended.push(`${claim.key} ${ending}`),
  });
  t.after(() => workers.stop());
  const said = Promise.withResolvers<string>();
  const over = Promise.withResolvers<void>();
  database.onOutage(outage => {
    // Whatever it was noticed by.
    if (outage) said.resolve(outage.error.message);
    else over.resolve();
  });
  return {
    database,
    queue,
    workers,
    began,
    ended,
    busy: busy.promise,
    said: said.promise,
    over: over.promise,
  };
}

test('a server that takes no changes for a while, with connections open, is said to be that by every station; all holds, and goes on by itself (F-610)', async t => {
  const server = await ownServer(t);
  const { url } = addressIn(server);
  const mayEnd = Promise.withResolvers<void>();
  const stations = await Promise.all(['one', 'two'].map(name => openStation(t, url, name, mayEnd.promise)));
  const [{ queue }] = stations as [(typeof stations)[number]];
  const owner = await ownerOf(server);
  await queue.putAll(
    Array.from({ length: TARGETS }, (_, index) => ({
      key: `target ${index}`,
      request: { kind: 'sync', group: 'host', runAtMs: systemClock.nowMs(), reason: 'test' },
    })),
  );
  await Promise.all(stations.map(({ workers }) => workers.start()));
  await Promise.all(stations.map(({ busy }) => busy));

  await owner.query('ALTER SYSTEM SET default_transaction_read_only = on');
  await owner.query('SELECT pg_reload_conf()');
  const put = () => queue.put('late', { kind: 'other', group: 'host', runAtMs: 0, reason: 'test' });
  await assert.rejects(
    async () => {
      for (;;) await put();
    },
    { code: 'database_unreachable', message: TAKES_NO_CHANGES, hint: /by itself/ },
  );
  // What has ended cannot be settled, and what is to be put is not lost: whoever asked is told.
  mayEnd.resolve();
  for (const said of await Promise.all(stations.map(each => each.said))) assert.match(said, TAKES_NO_CHANGES);
  assert.deepEqual(
    stations.flatMap(({ ended }) => ended),
    [],
  );

  await owner.query('SET default_transaction_read_only = off');
  await owner.query('ALTER SYSTEM RESET default_transaction_read_only');
  await owner.query('SELECT pg_reload_conf()');
  await Promise.all(stations.map(({ over }) => over));
  const all = Promise.withResolvers<void>();
  queue.onWork(async () => {
    if ((await queue.counts()).byKind.every(({ kind }) => kind !== 'sync')) all.resolve();
  });
  await put();
  await all.promise;
  const keys = Array.from({ length: TARGETS }, (_, index) => `target ${index}`);
  assert.deepEqual(stations.flatMap(({ began }) => began).sort(), keys);
  await Promise.all(stations.map(({ workers }) => workers.stop()));
  assert.deepEqual(
    stations.flatMap(({ ended }) => ended).sort(),
    keys.map(key => `${key} done`),
  );
});
