import { after, type TestContext } from 'node:test';
import { silentLogger } from '../../../../src/base/log.ts';
import { JobEngine, jobSchemaOf } from '../../../../src/engine/queue/pg-boss/job-engine.ts';
import { PgBossWorkQueue } from '../../../../src/engine/queue/pg-boss/pg-boss-work-queue.ts';
import { quoteName } from '../../../../src/keep/postgres/address.ts';
import { workProperties } from '../../../suites/work-queue-properties.ts';
import { type WorkFixture, workSuite } from '../../../suites/work-queue-suite.ts';
import { testDatabase } from '../../../support/postgres/postgres.ts';
import { SharedClock } from '../../../support/postgres/server-clock.ts';

const database = await testDatabase({ after: end => after(end as () => Promise<void>) });
const gone = new Set<string>();
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
    applyChanges: async () => undefined,
    station,
  });
  after(() => opened.close());
  queues.unshift(opened);
  return opened;
}

/** An empty queue, in the schema that all tests of this file share. */
async function empty(): Promise<void> {
  gone.clear();
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

workProperties(async () => {
  await empty();
  return { clock, gone, queue, tickMs: 1000, close: async () => undefined };
}, 5);
