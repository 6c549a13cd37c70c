/**
 * Torture of delivery over a bad network: `node test/torture/delivery-proxy.ts [--seconds 600] [--seed 1]`. A proxy
 * resets, stalls, half opens, delays and throttles connections while files arrive. Two parts, each ending with one
 * line; throws, and exits 1, at the first thing that is wrong:
 *
 * 1. Real time, a quick retry schedule, no end of retries: all arrive byte for byte, no try before its time, counts
 * right. 2. A virtual clock, the default schedule: hours pass; each wait is as the schedule says, what has failed
 * eleven times lies
 *    in `failed`, everything else is in the bucket.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { seededRandom } from '../../src/base/random.ts';
import { Delivery } from '../../src/deliver/service.ts';
import type { DeliverySettings } from '../../src/deliver/settings.ts';
import type { RetrySchedule } from '../../src/engine/retry.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { checkAttempts } from '../support/attempt-times.ts';
import { CrashFiles } from '../support/crash-files.ts';
import { DELIVERY_DEFAULTS, DELIVERY_RETRY } from '../support/delivery-settings.ts';
import { type FaultProxy, randomTrouble, startFaultProxy } from '../support/fault-proxy.ts';
import { profileFor, storeFor } from '../support/s3-profile.ts';
import { diskStorage } from '../support/s3-server/contents.ts';
import { type S3TestServer, startS3Server } from '../support/s3-server/server.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MIB = 2 ** 20;
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
const random = seededRandom(seed);
const QUICK: RetrySchedule = { ...DELIVERY_RETRY, firstMs: 200, maxMs: 3000, maxRetries: 100_000 };
/** Nothing delivered for so long: something is stuck. */
const PATIENCE_MS = 60_000;

const MOST_WAITING = 150;

interface Place {
  readonly base: string;
  readonly server: S3TestServer;
  readonly proxy: FaultProxy;
  readonly delivery: Delivery;
  readonly files: CrashFiles;
  readonly database: string;
}

/** Runs `work` with a station behind the proxy, `share` of whose connections suffer. */
async function withStation(
  options: { settings: Partial<DeliverySettings>; clock: Clock; share: () => number; largestBytes: number },
  work: (place: Place) => Promise<void>,
): Promise<void> {
  const base = mkdtempSync(join(tmpdir(), 'sluice-torture-'));
  const server = await startS3Server({ storage: diskStorage(join(base, 'objects')) });
  const proxy = await startFaultProxy(server.endpoint, () => randomTrouble(random, options.share()));
  const root = join(base, 'station');
  const database = join(base, 'sluice.db');
  const profile = profileFor(
    { ...server, endpoint: proxy.endpoint, region: server.region },
    { name: 'cloud' },
  );
  const delivery = new Delivery({
    plan: async () => ({
      root,
      profiles: [profile],
      settings: {
        ...DELIVERY_DEFAULTS,
        partsAboveBytes: 6 * MIB,
        partBytes: 5 * MIB,
        emptyFiles: 'upload',
        ...options.settings,
      },
    }),
    clock: options.clock,
    random,
    log: silentLogger,
    // Its groups are to be written in real time; the times on record come from delivery.
    openJournal: () => openLocal(database, { clock: systemClock }).openJournal(),
    loadObjectStores: async () => () =>
      storeFor(
        { ...server, endpoint: proxy.endpoint, region: server.region },
        {},
        { idleTimeoutMs: 1500, connectTimeoutMs: 1000 },
      ),
  });
  const target = join(root, 'incoming/cloud/bucket');
  mkdirSync(target, { recursive: true });
  const files = new CrashFiles({
    target,
    outside: join(base, 'outside'),
    largestBytes: options.largestBytes,
    random,
  });
  try {
    await delivery.start();
    await work({ base, server, proxy, delivery, files, database });
  } finally {
    await files.settle();
    await delivery.stop();
    await proxy.stop();
    await server.stop();
    rmSync(base, { recursive: true, force: true });
  }
}

/** Waits until so many have ended; `step` may let virtual time pass. */
async function allEnded({ delivery, files }: Place, step: () => Promise<unknown>): Promise<void> {
  const ended = (): number => {
    const { completed, failed } = delivery.status();
    return completed + failed;
  };
  let newsMs = performance.now();
  for (let before = -1; ended() < files.given.size; ) {
    const now = ended() + delivery.journal.list({ limit: 1 }).length;
    if (now !== before) newsMs = performance.now();
    before = now;
    if (performance.now() - newsMs > PATIENCE_MS) assert.fail(`stuck: ${JSON.stringify(delivery.status())}`);
    await step();
  }
}

async function checkBucket({ server, files }: Place, failed: ReadonlySet<string>): Promise<void> {
  const objects = server.objects('bucket');
  for (const [key, { size, sha256 }] of files.given) {
    const object = objects.get(key);
    // A failed file may be there all the same: its answer was lost every time.
    if (!object && failed.has(key)) continue;
    assert.ok(object, `${key} is in the bucket`);
    assert.equal(object.content.size, size, key);
    const digest = createHash('sha256');
    for await (const chunk of object.content.read(0, size - 1)) digest.update(chunk);
    assert.equal(digest.digest('hex'), sha256, key);
  }
}

function describe(proxy: FaultProxy): string {
  return Object.entries(proxy.counts)
    .sort()
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');
}

async function realTime(): Promise<void> {
  let share = 0.5;
  const settings = { intervalMs: 1000, retry: QUICK, smallAtOnce: 32, workers: 2 };
  await withStation(
    { settings, clock: systemClock, share: () => share, largestBytes: 12 * MIB },
    async place => {
      const { delivery, files, server, proxy, database } = place;
      const endMs = performance.now() + seconds * 1000;
      for (let batch = 0; performance.now() < endMs; batch += 1) {
        files.give(`batch-${batch}`, 1 + Math.floor(random() * 8));
        // Bad and worse times.
        share = batch % 40 < 10 ? 0.9 : 0.4;
        await pause(random() * 400);
        // The network decides how much gets through; more would only wait.
        while (delivery.status().waiting + delivery.status().uploading > MOST_WAITING) await pause(100);
      }
      share = 0.3;
      await files.settle();
      await allEnded(place, () => pause(50));
      await checkBucket(place, new Set());
      const counts = checkAttempts(database, QUICK, 30_000);
      const { throughput, failed } = delivery.status();
      assert.deepEqual([counts.records, counts.completed, failed], [files.given.size, files.given.size, 0]);
      const [statistics] = throughput;
      assert.equal(statistics?.files, files.given.size, 'files counted');
      assert.equal(statistics?.failures, counts.failures, 'failures counted');
      assert.equal(statistics?.bytes, files.bytes, 'bytes counted');
      assert.equal(statistics?.bytesInFlight, 0, 'nothing under way');
      assert.equal(server.uploads('bucket').size, 0, 'no upload in parts is left');
      console.log(
        `torture proxy: ${seconds} s, ${files.given.size} files, ${Math.round(files.bytes / MIB)} MiB, 0 lost, 0 torn, 0 failed; ${counts.failures} failures retried, none before its time, the latest ${Math.round(counts.latestMs)} ms late; connections: ${describe(proxy)}`,
      );
    },
  );
}

async function virtualTime(): Promise<void> {
  const clock = new VirtualClock();
  let share = 0.97;
  const settings = {
    intervalMs: 3_600_000,
    retry: DELIVERY_RETRY,
    smallAtOnce: 16,
    offline: 'count' as const,
  };
  await withStation({ settings, clock, share: () => share, largestBytes: 7 * MIB }, async place => {
    const { delivery, files, database, proxy, server } = place;
    const startMs = clock.nowMs();
    files.give('first', 40);
    // Some never get through.
    const doomed = [...files.given.keys()].slice(0, 5);
    for (const key of doomed)
      server.faults.add({ kind: 'error', status: 503, code: 'SlowDown', key, times: 1_000 });
    await files.settle();
    while (
      delivery.status().incoming + delivery.status().processing + delivery.status().completed <
      files.given.size
    )
      await pause(20).then(() => clock.advance(100));
    await allEnded(place, async () => {
      await pause(5);
      await clock.settle();
      if (delivery.status().uploading > 0) return;
      const nextMs = delivery.journal.nextDueMs('cloud', clock.nowMs());
      await clock.advance(nextMs === undefined ? 100 : Math.max(1, nextMs - clock.nowMs()));
      if (clock.nowMs() - startMs > 4 * 3_600_000) share = 0.8;
    });
    const failed = new Set(delivery.journal.inState('failed', 0, 1000).map(({ filepath }) => filepath));
    await checkBucket(place, failed);
    // Idle time-outs are the network's own and do not pass on the virtual clock; what is late waited for a worker.
    const counts = checkAttempts(database, DELIVERY_RETRY, 60_000);
    assert.equal(counts.completed + counts.failed, files.given.size);
    assert.ok(
      doomed.every(key => failed.has(key)),
      'what the server always refuses has failed',
    );
    const hours = ((clock.nowMs() - startMs) / 3_600_000).toFixed(1);
    console.log(
      `torture proxy, virtual clock: ${hours} h, ${files.given.size} files, ${counts.completed} delivered, ${counts.failed} failed after exactly 11 tries, ${counts.failures} failures, every wait as scheduled (30 s, doubling); connections: ${describe(proxy)}`,
    );
  });
}

console.log(`seed ${seed}`);
await realTime();
await virtualTime();
