/**
 * Run by scripts/test-real-s3.ts, which says where the server is; not part of `npm test`. Delivery itself, against a
 * real server.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { copyIntoSpool } from '../../src/deliver/copy/copy.ts';
import { openDestinations } from '../../src/deliver/destinations.ts';
import { openStore, startDelivery, until } from '../support/delivery.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { profileFor } from '../support/s3-profile.ts';
import { realServer } from './real-server.ts';

const MIB = 2 ** 20;
const server = realServer();

async function rigWith(
  t: TestContext,
  endpoint: string = server.endpoint,
  checksum: 'trailer' | 'header' = 'trailer',
) {
  const sdk = await import('@aws-sdk/client-s3');
  const admin = new sdk.S3Client({ ...server, credentials: server.credential, forcePathStyle: true });
  const bucket = `sluice-test-${randomUUID().slice(0, 13)}`;
  await admin.send(new sdk.CreateBucketCommand({ Bucket: bucket }));
  const profile = profileFor({ ...server, endpoint }, { name: 'cloud', checksum });
  const settings = { partsAboveBytes: 6 * MIB, partBytes: 5 * MIB, partsAtOnce: 1 };
  const rig = await startDelivery(t, { profiles: [profile], settings });
  const store = openStore(profileFor(server));
  const read = async (key: string): Promise<string> => {
    const digest = createHash('sha256');
    for await (const chunk of (await store.getObject({ bucket, key })).body) digest.update(chunk);
    return digest.digest('hex');
  };
  t.after(async () => {
    await rig.delivery.stop();
    for (const { key } of (await store.listObjects(bucket)).objects)
      await store.deleteObject({ bucket, key });
    for (const upload of await store.listUploads(bucket)) await store.abortUpload(upload);
    await admin.send(new sdk.DeleteBucketCommand({ Bucket: bucket }));
    admin.destroy();
    await store.close();
  });
  return { rig, bucket, profile, store, read };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

test(`files dropped are delivered and verified by ${server.name} (D-11, D-15, D-29)`, async t => {
  const { rig, bucket, read } = await rigWith(t);
  const given = new Map([
    ['a.txt', Buffer.from('hello')],
    ['deep/ünï code+%20.bin', randomBytes(200_000)],
    ['large.bin', randomBytes(13 * MIB)],
  ]);
  for (const [key, content] of given) rig.write(`incoming/cloud/${bucket}/${key}`, content);
  for (const [key, content] of given) {
    const record = await rig.until(key, ({ state }) => state === 'completed');
    assert.notEqual(record.verified, 'none');
    assert.equal(await read(key), sha256(content), key);
  }
});

test(`an upload in parts that was cut off resumes, on ${server.name} (D-31)`, async t => {
  // Gone after the first part: the second never gets through until the station is started anew.
  let isCut = true;
  const proxy = await startFaultProxy(server.endpoint, () =>
    isCut ? { kind: 'stall', afterBytes: 8 * MIB } : { kind: 'none' },
  );
  t.after(() => proxy.stop());
  // In a way that every server takes: a part that is refused and sent otherwise would use up what the proxy lets through.
  const { rig, bucket, read } = await rigWith(t, proxy.endpoint, 'header');
  const content = randomBytes(17 * MIB);
  rig.write(`incoming/cloud/${bucket}/large.bin`, content);
  await until(() => (rig.delivery.journal.upload(1)?.parts.length ?? 0) === 1);
  const uploadId = rig.delivery.journal.upload(1)?.upload.uploadId;
  await rig.delivery.stop();
  isCut = false;
  const next = await rig.restart();
  assert.equal(next.delivery.journal.upload(1)?.upload.uploadId ?? uploadId, uploadId);
  const record = await next.until('large.bin', ({ state }) => state === 'completed');
  assert.notEqual(record.verified, 'none');
  assert.equal(await read('large.bin'), sha256(content));
  await next.delivery.stop();
});

test(`a copy is delivered to ${server.name}; a bucket that is not there is refused (D-26, D-27)`, async t => {
  const { rig, bucket, profile, read } = await rigWith(t);
  const content = randomBytes(50_000);
  const source = join(rig.root, '..', 'source.bin');
  writeFileSync(source, content);
  const destinations = openDestinations([profile], openStore);
  t.after(() => Promise.all(destinations.map(({ store }) => store.close())));
  const copy = (to: string) =>
    copyIntoSpool({
      ...{
        root: rig.root,
        source,
        destination: to,
        recursive: false,
        dryRun: false,
        refusesEmpty: false,
        destinations,
      },
      ...{ journal: rig.delivery.journal, clock: systemClock, signal: AbortSignal.timeout(30_000) },
      onResult: () => undefined,
    });
  assert.deepEqual((await copy(`s3://cloud/${bucket}/copied/`)).copied, 1);
  await rig.until('copied/source.bin', ({ state }) => state === 'completed');
  assert.equal(await read('copied/source.bin'), sha256(content));
  await assert.rejects(copy(`s3://cloud/missing-${randomUUID()}/`), { code: 'destination_invalid' });
});
