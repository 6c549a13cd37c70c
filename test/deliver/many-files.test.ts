import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startDelivery } from '../support/delivery.ts';
import { profileFor } from '../support/s3-profile.ts';
import type { Fault } from '../support/s3-server/faults.ts';
import { startS3Server } from '../support/s3-server/server.ts';

const FILES = 200;

/** Delivers many files that are there when the station starts. */
async function deliverMany(t: TestContext, ...faults: readonly Fault[]) {
  const server = await startS3Server();
  t.after(() => server.stop());
  server.faults.add(...faults);
  const names = Array.from({ length: FILES }, (_, index) => `folder ${index % 3}/${index}+é.txt`);
  const rig = await startDelivery(t, { profiles: [profileFor(server, { name: 'cloud' })], start: false });
  for (const name of names) rig.write(`incoming/cloud/bucket/${name}`, name);
  await rig.delivery.start();
  for (const name of names) {
    const record = await rig.until(name, ({ state }) => state === 'completed');
    assert.equal(record.verified, 'checksum');
    assert.equal((await server.read('bucket', name)).toString(), name);
  }
  const count = (operation: string): number =>
    server.requests.filter(one => one.operation === operation).length;
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
