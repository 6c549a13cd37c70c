/**
 * Run by scripts/test-real-s3.ts, which says where the server is; not part of `npm test`. What a destination asks for, as
 * a real server has it afterwards.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startDelivery } from '../support/delivery.ts';
import { profileFor } from '../support/s3-profile.ts';
import { realServer } from './real-server.ts';

const MIB = 2 ** 20;
const DAY_MS = 86_400_000;
const server = realServer();

test(`Cache-Control, metadata, tags, ACL and object lock of a destination are on the object, on ${server.name} (D-29)`, async t => {
  const sdk = await import('@aws-sdk/client-s3');
  const admin = new sdk.S3Client({ ...server, credentials: server.credential, forcePathStyle: true });
  t.after(() => admin.destroy());
  const bucket = `sluice-test-${randomUUID().slice(0, 13)}`;
  await admin.send(new sdk.CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
  const destinations = [
    {
      match: 'cloud',
      cacheControl: 'max-age=60',
      metadata: { robot: 'r2' },
      tags: { team: 'field' },
      acl: 'private',
      lock: { mode: 'governance' as const, ms: DAY_MS, legalHold: false },
    },
  ];
  const settings = { partsAboveBytes: 6 * MIB, partBytes: 5 * MIB, destinations };
  const rig = await startDelivery(t, { profiles: [profileFor(server, { name: 'cloud' })], settings });
  t.after(() => rig.delivery.stop());
  for (const [key, size] of [
    ['small.bin', 1000],
    ['large.bin', 7 * MIB],
  ] as const) {
    rig.write(`incoming/cloud/${bucket}/${key}`, randomBytes(size));
    const record = await rig.until(key, ({ state }) => state === 'completed');
    const object = { Bucket: bucket, Key: key };
    const head = await admin.send(new sdk.HeadObjectCommand(object));
    const tags = await admin.send(new sdk.GetObjectTaggingCommand(object));
    assert.deepEqual(
      {
        departure: record.departure,
        cacheControl: head.CacheControl,
        robot: head.Metadata?.robot,
        tags: tags.TagSet,
        mode: head.ObjectLockMode,
      },
      {
        departure: null,
        cacheControl: 'max-age=60',
        robot: 'r2',
        tags: [{ Key: 'team', Value: 'field' }],
        mode: 'GOVERNANCE',
      },
      key,
    );
    const untilMs = head.ObjectLockRetainUntilDate?.getTime() ?? 0;
    assert.ok(Math.abs(untilMs - Date.now() - DAY_MS) < 10 * 60_000, `${head.ObjectLockRetainUntilDate}`);
    const { VersionId } = head;
    const removed = { ...object, VersionId, BypassGovernanceRetention: true };
    await assert.rejects(
      admin.send(new sdk.DeleteObjectCommand({ ...object, VersionId })),
      /AccessDenied|WORM|lock/i,
    );
    await admin.send(new sdk.DeleteObjectCommand(removed));
  }
});
