/**
 * A station of the fleet's torture: `fleet-process.ts POSTGRES FAR-SIDE STATION EVERY-MS`. Works off the shared
 * queue as stations do, with calls to the far side as its work, and writes down each target that it has settled, in the
 * transaction that settles it. Says `ready` once it works. Runs until it is killed.
 */
import { systemClock } from '../../src/base/clock.ts';
import { asSluiceError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import {
  PgBossWorkQueue,
  type PgBossWorkQueueOptions,
} from '../../src/engine/queue/pg-boss/pg-boss-work-queue.ts';
import { isWorkerGone, newWorkerId } from '../../src/engine/queue/worker-id.ts';
import { SYNC_RETRY } from '../../src/engine/retry.ts';
import { Workers } from '../../src/engine/workers.ts';
import { PostgresDatabase } from '../../src/keep/postgres/database.ts';
import type { SqlExecutor } from '../../src/keep/postgres/executor.ts';
import { createStationStore } from '../../src/keep/postgres/store/stations.ts';
import { type StoreChange, setLoad } from '../../src/keep/store/change.ts';

const [url = '', farSide = '', station = '', everyMs = '', perGroup = ''] = process.argv.slice(2);
const database = await started(() =>
  PostgresDatabase.open({ url, clock: systemClock, env: {}, patienceMs: 5000, applicationName: station }),
);
const options = {
  database,
  clock: systemClock,
  log: silentLogger,
  // As from another machine: only silence tells.
  isWorkerGone: (worker: string) => worker.startsWith('here') && isWorkerGone(worker),
  async applyChanges(transaction: SqlExecutor, changes: readonly StoreChange[]) {
    for (const change of changes) {
      if (change.kind !== 'set-load') continue;
      await transaction.execute('INSERT INTO settled (target, station, at_ms) VALUES ($1, $2, $3)', [
        change.id,
        station,
        Date.now(),
      ]);
    }
  },
  station,
} satisfies PgBossWorkQueueOptions;
const queue = await started(() => PgBossWorkQueue.open(options));
const sign = {
  ...{ id: station, run: newWorkerId(), name: station, host: station, version: '1', url: null },
  startedAtMs: Date.now(),
  holds: {
    clones: { count: 0, bytes: 0 },
    deliveries: {},
    capture: { collectors: 0, failing: 0 },
    disks: [],
  },
};
const stations = createStationStore(database);
await started(() => stations.arrive(sign));
setInterval(() => void stations.beat(sign).catch(() => undefined), 5000);

const workers = new Workers({
  name: station,
  queue,
  clock: systemClock,
  random: systemRandom,
  log: silentLogger,
  concurrency: 16,
  perGroup: Number(perGroup),
  handlers: new Map([
    [
      'sync',
      {
        retry: { ...SYNC_RETRY, firstMs: 500, maxMs: 1000 },
        async run({ key, group }, signal) {
          const asked = new URLSearchParams({ key, group, station });
          const answer = await fetch(`${farSide}/?${asked}`, { signal });
          await answer.arrayBuffer();
          const id = Number(key.split(' ')[1]);
          return {
            nextAtMs: Date.now() + Number(everyMs),
            changes: [setLoad(id, 0)],
            staysHere: id % 2 === 0,
          };
        },
      },
    ],
  ]),
});
try {
  await workers.start();
  process.stdout.write('ready\n');
} catch (error) {
  process.stderr.write(`${station}: ${asSluiceError(error).message}\n`);
  process.exit(1);
}

/** A start that finds no Postgres is made again, as whoever keeps a station up does. */
async function started<T>(start: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (asSluiceError(error).code !== 'database_unreachable') throw error;
      await systemClock.sleep(500);
    }
  }
}
