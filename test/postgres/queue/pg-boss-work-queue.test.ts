import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { silentLogger } from '../../../src/base/log.ts';
import { JobEngine, jobSchemaOf } from '../../../src/engine/queue/pg-boss/job-engine.ts';
import { PgBossWorkQueue } from '../../../src/engine/queue/pg-boss/pg-boss-work-queue.ts';
import { quoteName } from '../../../src/keep/postgres/address.ts';
import { type StoreChange, setLoad } from '../../../src/keep/store/change.ts';
import { workProperties } from '../../suites/work-queue-properties.ts';
import { type WorkFixture, workSuite } from '../../suites/work-queue-suite.ts';
import { testDatabase } from '../../support/postgres/postgres.ts';
import { SharedClock } from '../../support/postgres/server-clock.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const database = await testDatabase({ after: end => after(end as () => Promise<void>) });
const gone = new Set<string>();
const applied: StoreChange[] = [];
const queues: PgBossWorkQueue[] = [];
const clock = new SharedClock(database, async () => {
  for (const each of queues) await each.caughtUp();
});
await (await JobEngine.open({ database, log: silentLogger })).close();
await clock.install(jobSchemaOf(database.schema));
const [queue, other] = [await connect('station a'), await connect('station b')];

async function connect(station: string): Promise<PgBossWorkQueue> {
  const opened = await PgBossWorkQueue.open({
    database,
    clock,
    log: silentLogger,
    isWorkerGone: worker => gone.has(worker),
    applyChanges: async (_, changes) => void applied.push(...changes),
    station,
  });
  after(() => opened.close());
  queues.unshift(opened);
  return opened;
}

/** An empty queue, in the schema that all tests of this file share. */
async function empty(): Promise<void> {
  gone.clear();
  applied.length = 0;
  await clock.advance(1000);
  await database.run(`
    TRUNCATE targets, target_kinds;
    DELETE FROM ${quoteName(jobSchemaOf(database.schema))}.job;`);
}

async function open(_t: TestContext): Promise<WorkFixture> {
  await empty();
  return { clock, gone, queue, other };
}

workSuite(open);

test('what a silent station had is given to another after fifteen seconds, and it settles nothing any more (F-454)', async () => {
  await empty();
  await queue.put('a', { kind: 'sync', group: 'host', runAtMs: clock.nowMs(), reason: 'test' });
  const claimFrom = (each: PgBossWorkQueue) => each.claim({ worker: 'w', max: 1, leaseMs: each.leaseMs });
  const [silent] = await claimFrom(queue);
  assert.ok(silent);
  await clock.advance(14_999);
  assert.deepEqual(await claimFrom(other), []);
  await clock.advance(1);
  const [taken] = await claimFrom(other);
  assert.equal(taken?.key, 'a');
  assert.deepEqual((await queue.heartbeat([silent])).lost, [silent]);
  const changes = [setLoad(1, 0)];
  assert.equal(await queue.complete(silent, { nextAtMs: null, changes }), 'lost');
  assert.deepEqual(applied, []);
  assert.equal(await other.complete(taken, { nextAtMs: null, changes }), 'settled');
  assert.deepEqual(applied, changes);
});

test('where the clock of a station is wrong, what it puts in five minutes is due in five minutes (F-455)', async t => {
  await empty();
  const wrong = new VirtualClock(clock.nowMs() + 3_600_000);
  const astray = await PgBossWorkQueue.open({
    ...{ database, clock: wrong, log: silentLogger, station: 'astray' },
    isWorkerGone: () => false,
    applyChanges: async () => undefined,
  });
  t.after(() => astray.close());
  const inFiveMinutes = { kind: 'sync', group: 'host', runAtMs: wrong.nowMs() + 300_000, reason: 'test' };
  await astray.put('a', inFiveMinutes);
  assert.equal((await queue.get('a'))?.runAtMs, clock.nowMs() + 300_000);
  assert.equal((await astray.get('a'))?.runAtMs, wrong.nowMs() + 300_000);
  assert.equal(await astray.nextDueAt({ afterMs: wrong.nowMs() }), wrong.nowMs() + 300_000);
  await clock.advance(300_000);
  await wrong.advance(300_000);
  const [claim] = await astray.claim({ worker: 'w', max: 1, leaseMs: 10_000 });
  assert.deepEqual([claim?.runAtMs, claim?.leaseUntilMs], [wrong.nowMs(), wrong.nowMs() + 10_000]);
});

workProperties(async () => {
  await empty();
  return { clock, gone, queue, tickMs: 1000, close: async () => undefined };
}, 5);
