import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startDelivery, until } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';
import { profileFor } from '../support/s3-profile.ts';
import type { Fault } from '../support/s3-server/faults.ts';
import { startS3Server } from '../support/s3-server/server.ts';

const ALWAYS = 1_000_000;
const QUICK = { ...DELIVERY_RETRY, firstMs: 20, factor: 1, jitter: 0, maxRetries: 2 };

async function setUp(t: TestContext, retry = QUICK) {
  const server = await startS3Server();
  t.after(() => server.stop());
  const settings = { probeIntervalMs: 50, retry };
  const rig = await startDelivery(t, { profiles: [profileFor(server, { name: 'cloud' })], settings });
  return { server, rig };
}

const OF_STRANGERS: Readonly<Record<string, Fault>> = {
  'a web page with 403': { kind: 'html', status: 403 },
  'a web page with 200': { kind: 'html', status: 200 },
  '413 of a proxy': { kind: 'html', status: 413 },
  'a redirect': { kind: 'error', status: 302, headers: { location: 'http://blocked.example/' } },
  '404 without a word': { kind: 'error', status: 404 },
};

for (const [name, fault] of Object.entries(OF_STRANGERS))
  for (const operation of ['PutObject', 'HeadObject'] as const)
    test(`${name} to ${operation} of one file alone: it waits alone and is shown, others go, it is never given up and goes in the end (D-323)`, async t => {
      const { server, rig } = await setUp(t);
      const strikes = { ...fault, operation, key: 'odd', times: ALWAYS };
      server.faults.add(strikes);
      rig.write('incoming/cloud/bucket/odd', 'odd');
      const isQuestion = operation === 'HeadObject';
      if (!isQuestion)
        await rig.until('odd', one => one.errorCode === 'request_intercepted' && one.attempts > 5);
      rig.write('incoming/cloud/bucket/other', 'other');
      await rig.until('other', ({ state }) => state === 'completed');
      assert.equal(rig.delivery.status().links[0]?.state, 'online');
      assert.deepEqual(rig.delivery.holds(), []);
      if (!isQuestion) {
        const [trouble] = rig.delivery.journal.troubles();
        assert.deepEqual(
          [trouble?.state, trouble?.errorCode, trouble?.count],
          ['processing', 'request_intercepted', 1],
        );
        assert.match(trouble?.example ?? '', /; the object store itself answers other requests$/);
        assert.equal(rig.records().find(({ filepath }) => filepath === 'odd')?.failures, 0);
      }
      server.faults.clear();
      await rig.until('odd', ({ state }) => state === 'completed');
    });

test('a file that waits alone for hours goes at once with a sync (D-323)', async t => {
  const { server, rig } = await setUp(t, { ...QUICK, firstMs: 3_600_000, maxMs: 7_200_000 });
  server.faults.add({ kind: 'html', status: 403, operation: 'PutObject', key: 'odd', times: ALWAYS });
  rig.write('incoming/cloud/bucket/odd', 'odd');
  await rig.until('odd', one => one.errorCode === 'request_intercepted');
  server.faults.clear();
  const { delivered } = await rig.delivery.syncNow(AbortSignal.timeout(10_000));
  assert.equal(delivered, 1);
});

test('an endpoint whose top is somebody else’s is asked about the bucket (D-323, T-4)', async t => {
  const { server, rig } = await setUp(t);
  server.faults.add({ kind: 'html', status: 200, operation: 'ListBuckets', times: ALWAYS });
  server.faults.add({ kind: 'html', status: 200, times: 20 });
  rig.write('incoming/cloud/bucket/a', 'a');
  await until(() => rig.delivery.status().links[0]?.state === 'offline');
  await rig.until('a', ({ state }) => state === 'completed');
});

test('somebody who answers every file of a bucket, and no question, has the bucket held: one file is tried at a time (D-323)', async t => {
  const { server, rig } = await setUp(t);
  server.faults.add({ kind: 'html', status: 403, operation: 'PutObject', times: ALWAYS });
  const FILES = 40;
  for (let file = 0; file < FILES; file += 1) rig.write(`incoming/cloud/bucket/f${file}`, 'x');
  await until(() => rig.delivery.journal.holdCounts().bucket_held >= FILES - 2);
  const [hold] = rig.delivery.holds();
  assert.deepEqual([hold?.kind, hold?.code, hold?.place], ['bucket', 'request_intercepted', 'cloud/bucket']);
  server.faults.clear();
  await until(() => rig.delivery.journal.counts().completed === FILES);
  assert.deepEqual(rig.delivery.holds(), []);
});
