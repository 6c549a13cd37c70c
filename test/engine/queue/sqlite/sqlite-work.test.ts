import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../../../src/base/clock.ts';
import { SqliteWorkQueue } from '../../../../src/engine/queue/sqlite/sqlite-work-queue.ts';
import { Database } from '../../../../src/keep/sqlite/database.ts';
import { workProperties } from '../../../suites/work-queue-properties.ts';
import { type WorkFixture, workSuite } from '../../../suites/work-queue-suite.ts';
import { tempDirectory } from '../../../support/temp-directory.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

async function open(t: TestContext): Promise<WorkFixture> {
  const path = join(await tempDirectory(t), 'sluice.db');
  const clock = new VirtualClock();
  const gone = new Set<string>();
  const connect = async (): Promise<SqliteWorkQueue> => {
    // Its own waits for the lock are real ones: the virtual clock stands still while a test waits for a write.
    const database = await Database.open({ path, clock: systemClock });
    t.after(() => database.close());
    return new SqliteWorkQueue({ database, clock, isWorkerGone: worker => gone.has(worker) });
  };
  return { clock, gone, queue: await connect(), other: await connect() };
}

workSuite(open);

workProperties(async () => {
  const clock = new VirtualClock();
  const gone = new Set<string>();
  const database = await Database.open({ path: ':memory:', clock: systemClock });
  const queue = new SqliteWorkQueue({ database, clock, isWorkerGone: worker => gone.has(worker) });
  return { clock, gone, queue, tickMs: 1, close: () => database.close() };
}, 120);
