import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDelivery } from '../support/delivery.ts';
import { profileFor } from '../support/s3-profile.ts';
import { startS3Server } from '../support/s3-server/server.ts';

const QUIET = { quietMs: 150 };
const signal = () => AbortSignal.timeout(20_000);

test('a sync beside an endpoint that says nothing answers soon, with what it knows, and goes on (D-324)', async t => {
  const silent = await startS3Server();
  t.after(() => silent.stop());
  silent.faults.add({ kind: 'stall', operation: 'ListBuckets', afterBytes: 0, times: 1_000_000 });
  const profiles = [profileFor(silent, { name: 'silent' })];
  const alone = await startDelivery(t, {
    profiles,
    settings: { automatic: false, bucketListPatienceMs: 10 },
  });
  const nothing = await alone.delivery.syncNow(signal(), QUIET);
  assert.deepEqual(nothing.unfinished, { files: 0, endpoints: [silent.endpoint] });
  const fine = await startS3Server();
  t.after(() => fine.stop());
  const both = await startDelivery(t, {
    profiles: [...profiles, profileFor(fine, { name: 'fine' })],
    settings: { automatic: false, bucketListPatienceMs: 10 },
  });
  both.write('incoming/fine/bucket/a', 'a');
  await both.until('a', ({ state }) => state === 'incoming');
  // Long enough for a busy machine to deliver the one that can be.
  const { delivered, unfinished } = await both.delivery.syncNow(signal(), { quietMs: 2000 });
  assert.deepEqual([delivered, unfinished], [1, { files: 0, endpoints: [silent.endpoint] }]);
});

test('a sync with a file that takes long answers soon; the file arrives all the same, though nobody waits (D-324)', async t => {
  const server = await startS3Server();
  t.after(() => server.stop());
  const rig = await startDelivery(t, {
    profiles: [profileFor(server, { name: 'cloud' })],
    settings: { automatic: false },
  });
  const body = Buffer.alloc(40_000, 7);
  server.faults.add({ kind: 'slow', operation: 'PutObject', key: 'slow', bytesPerTick: 4096, tickMs: 80 });
  rig.write('incoming/cloud/bucket/slow', body);
  await rig.until('slow', ({ state }) => state === 'incoming');
  const caller = new AbortController();
  const { delivered, unfinished } = await rig.delivery.syncNow(caller.signal, QUIET);
  assert.deepEqual([delivered, unfinished], [0, { files: 1, endpoints: [] }]);
  caller.abort();
  await rig.until('slow', ({ state }) => state === 'completed');
  assert.equal((await rig.delivery.syncNow(signal(), QUIET)).unfinished, undefined);
});
