/** What workers cost while nothing is due: `npm run bench:idle-workers`. 100 000 targets wait, none for now. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import { silentLogger } from '../src/base/log.ts';
import { systemRandom } from '../src/base/random.ts';
import { SqliteWorkQueue } from '../src/engine/queue/sqlite/sqlite-work-queue.ts';
import { isWorkerGone, newWorkerId } from '../src/engine/queue/worker-id.ts';
import { SYNC_RETRY } from '../src/engine/retry.ts';
import { Workers } from '../src/engine/workers.ts';
import { Database } from '../src/keep/sqlite/database.ts';

const SECONDS = 20;
const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
const database = await Database.open({ path: join(directory, 'sluice.db'), clock: systemClock });
const queue = new SqliteWorkQueue({ database, clock: systemClock, isWorkerGone });
const runAtMs = Date.now() + 3_600_000;
const placement = { kind: 'sync', group: 'host', runAtMs, reason: 'bench' };
await Promise.all(Array.from({ length: 100_000 }, (_, index) => queue.put(`target ${index}`, placement)));
const workers = new Workers({
  name: 'workers',
  queue,
  clock: systemClock,
  random: systemRandom,
  log: silentLogger,
  worker: newWorkerId(),
  handlers: new Map([['sync', { retry: SYNC_RETRY, run: async () => ({ nextAtMs: null }) }]]),
  concurrency: 8,
  perGroup: 4,
});
await workers.start();
await systemClock.sleep(2000);
const before = process.cpuUsage();
await systemClock.sleep(SECONDS * 1000);
const { user, system } = process.cpuUsage(before);
await workers.stop();
await database.close();
rmSync(directory, { recursive: true, force: true });
console.log(`idle workers: ${((user + system) / (SECONDS * 10_000)).toFixed(2)} % of one CPU`);
