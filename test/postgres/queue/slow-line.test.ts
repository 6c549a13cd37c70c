import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { Heartbeat } from '../../../src/engine/queue/heartbeat.ts';
import { PgBossWorkQueue } from '../../../src/engine/queue/pg-boss/pg-boss-work-queue.ts';
import { testAddress, testDatabase } from '../../support/postgres/postgres.ts';
import { openSlowLine } from '../../support/slow-line.ts';

const ROUND_TRIP_MS = 2_100;
/** The shortest that there is: handing out alone takes longer on this line. */
const LEASE_MS = 10_000;

test('on a line so slow that handing out takes longer than a lease, work is claimed, kept and settled by one station (F-608)', async t => {
  const { place, tcpUrl } = await testAddress();
  const line = await openSlowLine(t, place.port);
  const connect = async (url: string, station: string): Promise<PgBossWorkQueue> => {
    const database = await testDatabase(t, { url });
    const queue = await PgBossWorkQueue.open({
      ...{ database, clock: systemClock, log: silentLogger, station },
      isWorkerGone: () => false,
      applyChanges: async () => undefined,
    });
    t.after(() => queue.close());
    return queue;
  };
  const far = await connect(tcpUrl(line.port), 'far');
  const near = await connect(tcpUrl(), 'near');
  await near.put('a', { kind: 'sync', group: 'host', runAtMs: systemClock.nowMs(), reason: 'test' });
  line.roundTripMs = ROUND_TRIP_MS;
  const request = { kinds: ['sync'], max: 1, perGroup: 2, leaseMs: LEASE_MS };
  const beganMs = systemClock.monotonicMs();
  const [claim] = await far.claim({ worker: 'far', ...request });
  assert.ok(claim);
  const tookMs = systemClock.monotonicMs() - beganMs;
  const heard = Promise.withResolvers<void>();
  const heartbeat = new Heartbeat({
    clock: systemClock,
    leaseMs: LEASE_MS,
    queue: {
      heartbeat: async held => {
        const answer = await far.heartbeat(held);
        heard.resolve();
        return answer;
      },
    },
  });
  const letGo = heartbeat.hold(claim, { onLost: heard.reject });
  assert.deepEqual(
    await near.claim({ worker: 'near', ...request }),
    [],
    'a lease ended before its work began',
  );
  await heard.promise;
  heartbeat.check();
  assert.equal(await far.complete(claim, { nextAtMs: null }), 'settled');
  letGo();
  line.roundTripMs = 0;
  assert.ok(tookMs > LEASE_MS, `handing out took only ${tookMs} ms`);
});
