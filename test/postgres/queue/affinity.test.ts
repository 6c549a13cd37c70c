import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { LEFT_TO_HOME_MS } from '../../../src/engine/queue/pg-boss/due.ts';
import { PgBossWorkQueue } from '../../../src/engine/queue/pg-boss/pg-boss-work-queue.ts';
import type { Claim } from '../../../src/engine/queue/work-queue.ts';
import { PostgresDatabase } from '../../../src/keep/postgres/database.ts';
import { createStationStore } from '../../../src/keep/postgres/store/stations.ts';
import { SILENT_AFTER_MS } from '../../../src/keep/store/stations.ts';
import { testAddress } from '../../support/postgres/postgres.ts';

test('a target goes first to the station that has its clone; others get it after a while, or at once when that one is silent or has let go of it (F-461)', async t => {
  const { url } = await testAddress();
  const database = await PostgresDatabase.open({ url, clock: systemClock, env: {} });
  t.after(() => database.close());
  const open = async (station: string): Promise<PgBossWorkQueue> => {
    const queue = await PgBossWorkQueue.open({
      ...{ database, station, clock: systemClock, log: silentLogger },
      isWorkerGone: () => false,
      applyChanges: async () => undefined,
    });
    t.after(() => queue.close());
    return queue;
  };
  const [home, other] = [await open('home'), await open('other')];
  const stations = createStationStore(database);
  const holds = {
    clones: { count: 0, bytes: 0 },
    deliveries: {},
    capture: { collectors: 0, failing: 0 },
    disks: [],
  };
  for (const id of ['home', 'other'])
    await stations.arrive({
      id,
      run: id,
      name: id,
      host: id,
      version: '1',
      url: null,
      startedAtMs: 0,
      holds,
    });
  const request = { kind: 'repository', group: 'host', reason: 'test' };
  const claim = async (queue: PgBossWorkQueue): Promise<Claim | undefined> =>
    (await queue.claim({ worker: 'w', max: 5, perGroup: 5, leaseMs: 10_000 }))[0];
  const cycle = async (queue: PgBossWorkQueue, staysHere: boolean, lateMs = 0): Promise<void> => {
    const claimed = await claim(queue);
    assert.ok(claimed);
    await queue.complete(claimed, { nextAtMs: Date.now() - lateMs, staysHere });
  };

  await home.put('a', { ...request, runAtMs: 0 });
  await cycle(home, true);
  assert.equal(await claim(other), undefined, 'it is left to its home');
  await other.put('a', { ...request, runAtMs: Date.now(), priority: 'high' });
  assert.equal(await claim(other), undefined, 'also when it is asked for elsewhere');
  await cycle(home, true, LEFT_TO_HOME_MS + 1000);
  await cycle(other, false);
  assert.equal(await claim(other), undefined, 'who did it without the clone does not become its home');
  await database.execute('UPDATE stations SET beat_at_ms = beat_at_ms - $1 WHERE id = $2', [
    SILENT_AFTER_MS + 1000,
    'home',
  ]);
  await cycle(other, true);
  assert.equal(await claim(home), undefined, 'the one that has its clone now is its home');
  await cycle(other, false);
  await cycle(home, false);
  await cycle(other, false);

  await home.put('churn', { ...request, runAtMs: Date.now(), staysHere: true });
  await home.drop('a');
  await stations.beat({
    id: 'home',
    run: 'home',
    name: 'home',
    host: 'home',
    version: '1',
    url: null,
    startedAtMs: 0,
    holds,
  });
  assert.equal(await claim(other), undefined, 'what is put where its clone lies has its home there');
  assert.equal((await claim(home))?.key, 'churn');
});
