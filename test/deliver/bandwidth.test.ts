import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { parseRateTimetable, type RateTimetable } from '../../src/base/rate-timetable.ts';
import { Bandwidth } from '../../src/deliver/bandwidth.ts';
import type { ObjectStore } from '../../src/keep/buckets/bucket.ts';
import type { Profile } from '../../src/keep/buckets/object-store-definition.ts';
import { openStore, startDelivery, until } from '../support/delivery.ts';
import { profileFor, storeFor } from '../support/s3-profile.ts';
import { startS3Server } from '../support/s3-server/server.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const KIB = 1024;
const timetable = (text: string): RateTimetable => parseRateTimetable(text) as RateTimetable;

test('what goes keeps to the rate, and begins and goes on by turns of bytes (D-803)', async () => {
  const clock = new VirtualClock();
  let rates: RateTimetable | undefined = timetable('64KiB');
  const bandwidth = new Bandwidth(clock, () => rates);
  const gone: string[] = [];
  const start = clock.monotonicMs();
  const note = (name: string) => () => gone.push(name);
  // A large body that has begun, sixteen slices of it; and eight small ones that are to begin.
  const stream = (async () => {
    for (let slice = 0; slice < 16; slice += 1) await bandwidth.take(16 * KIB).then(note('slice'));
  })();
  const small = Array.from({ length: 8 }, () => bandwidth.begin(16 * KIB).then(note('small')));
  await clock.advance(3000);
  const inThreeSeconds = gone.length;
  assert.ok(inThreeSeconds >= 11 && inThreeSeconds <= 14, `${inThreeSeconds} of 16 KiB each`);
  const smallOnes = gone.filter(name => name === 'small').length;
  assert.ok(Math.abs(smallOnes - inThreeSeconds / 2) <= 1, gone.join(' '));
  await clock.advance(3200);
  await Promise.all([stream, ...small]);
  const tookMs = clock.monotonicMs() - start;
  assert.ok(tookMs >= 5700, `${tookMs} ms`);
  rates = timetable('off');
  await bandwidth.take(10 ** 9);
  assert.equal(bandwidth.sliceBytes, Number.POSITIVE_INFINITY);
});

test('a rate that is lifted lets go who waits, and an aborted one leaves the line (D-803)', async () => {
  const clock = new VirtualClock();
  let rates = timetable('16KiB');
  const bandwidth = new Bandwidth(clock, () => rates);
  await bandwidth.take(64 * KIB);
  const ended = new AbortController();
  const aborted = bandwidth.take(16 * KIB, ended.signal);
  const waiting = bandwidth.take(16 * KIB);
  ended.abort();
  await assert.rejects(aborted, { code: 'cancelled' });
  rates = timetable('off');
  await clock.advance(1000);
  await waiting;
});

test('files are sent no faster than the settings say, small ones and large ones, also with the SDK (D-803)', async t => {
  const server = await startS3Server();
  t.after(() => server.stop());
  for (const transport of ['own', 'sdk'] as const) {
    const bandwidth = new Bandwidth(systemClock, () => timetable('4MiB'));
    const store = storeFor(server, { transport });
    t.after(() => store.close());
    const startedMs = performance.now();
    await Promise.all(
      [100, 300, 1100].map(kib =>
        store.putObject(
          { bucket: 'bucket', key: `${transport}-${kib}` },
          { body: randomBytes(kib * KIB) },
          { pace: bandwidth },
        ),
      ),
    );
    const seconds = (performance.now() - startedMs) / 1000;
    if (transport === 'own') assert.ok(seconds > 0.1, `1500 KiB in ${seconds} s`);
    else assert.equal(server.objects('bucket').size, 6);
  }
});

test('no more files go to a profile at once than the settings say, others are not held up (D-804)', async t => {
  const server = await startS3Server();
  t.after(() => server.stop());
  const most = { nas: 0, free: 0 };
  const counting = (profile: Profile): ObjectStore => {
    const store = openStore(profile);
    const name = profile.name as keyof typeof most;
    const put = store.putObject.bind(store);
    let now = 0;
    store.putObject = async (...call) => {
      now += 1;
      most[name] = Math.max(most[name], now);
      await new Promise(resolve => setTimeout(resolve, 10));
      return put(...call).finally(() => {
        now -= 1;
      });
    };
    return store;
  };
  const profiles = [profileFor(server, { name: 'nas' }), profileFor(server, { name: 'free' })];
  const rig = await startDelivery(t, { profiles, openStore: counting, settings: { atOnce: { nas: 2 } } });
  for (const profile of ['nas', 'free'])
    for (let index = 0; index < 12; index += 1) rig.write(`incoming/${profile}/bucket/${index}`, 'x');
  await until(() => rig.records({ states: ['completed'] }).length === 24);
  assert.equal(most.nas, 2);
  assert.ok(most.free > 2, `${most.free} at once`);
});
