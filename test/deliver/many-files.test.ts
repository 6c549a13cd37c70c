import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startDelivery, until } from '../support/delivery.ts';
import { profileFor } from '../support/s3-profile.ts';
import type { Fault } from '../support/s3-server/faults.ts';
import { startS3Server } from '../support/s3-server/server.ts';

const FILES = 200;

/** A station with many files that are there when it starts, and its server. */
async function withMany(t: TestContext, ...faults: readonly Fault[]) {
  const server = await startS3Server();
  t.after(() => server.stop());
  server.faults.add(...faults);
  const names = Array.from({ length: FILES }, (_, index) => `folder ${index % 3}/${index}+é.txt`);
  const profiles = [profileFor(server, { name: 'cloud' })];
  const rig = await startDelivery(t, { profiles, start: false, settings: { stopGraceMs: 10 } });
  for (const name of names) rig.write(`incoming/cloud/bucket/${name}`, name);
  await rig.delivery.start();
  const count = (operation: string): number =>
    server.requests.filter(one => one.operation === operation).length;
  return { server, rig, names, count };
}

/** Delivers them all. */
async function deliverMany(t: TestContext, ...faults: readonly Fault[]) {
  const { server, rig, names, count } = await withMany(t, ...faults);
  for (const name of names) {
    const record = await rig.until(name, ({ state }) => state === 'completed');
    assert.equal(record.verified, 'checksum');
    assert.equal((await server.read('bucket', name)).toString(), name);
  }
  return { puts: count('PutObject'), heads: count('HeadObject'), pages: count('ListObjectsV2') };
}

test('many small files are verified by the bucket’s listing, which takes fewer requests than files (D-360)', async t => {
  const { puts, heads, pages } = await deliverMany(t);
  assert.equal(puts, FILES);
  assert.ok(heads + pages < FILES / 2, `${heads} HEADs, ${pages} pages`);
});

test('where the bucket may not be listed each file is asked for (D-360)', async t => {
  const denied = { kind: 'error', status: 403, code: 'AccessDenied', operation: 'ListObjectsV2' } as const;
  const { puts, heads, pages } = await deliverMany(t, { ...denied, times: 1000 });
  assert.deepEqual([puts, heads], [FILES, FILES]);
  assert.ok(pages <= 3, `${pages} pages`);
});

test('a stop while proofs are awaited puts on record what was sent: the next start proves it and sends nothing again (D-361)', async t => {
  const stall = { kind: 'stall', afterBytes: 0, times: 1000 } as const;
  const { server, rig, names, count } = await withMany(
    t,
    { ...stall, operation: 'ListObjectsV2' },
    { ...stall, operation: 'HeadObject' },
  );
  const sent = (): number => server.requests.filter(({ stored }) => stored !== undefined).length;
  await until(() => sent() === FILES && count('ListObjectsV2') > 0);
  await rig.delivery.stop();
  server.faults.clear();
  const next = await rig.restart();
  for (const name of names) await next.until(name, ({ state }) => state === 'completed');
  assert.equal(count('PutObject'), FILES);
});
