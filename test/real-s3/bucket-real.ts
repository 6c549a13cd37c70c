/** Run by scripts/test-real-s3.ts, which says where the server is; not part of `npm test`. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { bucketSuite } from '../suites/bucket-suite.ts';
import { coldSuite } from '../suites/cold-suite.ts';
import { storeFor } from '../support/s3-profile.ts';

function setting(name: string, fallback?: string): string {
  const value = process.env[name] ?? fallback;
  assert.ok(value !== undefined, `${name} is not set; use npm run test:s3`);
  return value;
}

const server = {
  endpoint: setting('SLUICE_S3_ENDPOINT'),
  region: setting('SLUICE_S3_REGION', 'us-east-1'),
  credential: { accessKeyId: setting('SLUICE_S3_KEY'), secretAccessKey: setting('SLUICE_S3_SECRET') },
};

/** A bucket for one suite, and how to take it away again. */
async function newBucket() {
  const sdk = await import('@aws-sdk/client-s3');
  const admin = new sdk.S3Client({ ...server, credentials: server.credential, forcePathStyle: true });
  const Bucket = `sluice-test-${randomUUID().slice(0, 13)}`;
  await admin.send(new sdk.CreateBucketCommand({ Bucket }));
  const close = async (): Promise<void> => {
    await admin.send(new sdk.DeleteBucketCommand({ Bucket }));
    admin.destroy();
  };
  return { bucket: Bucket, close };
}

coldSuite(setting('SLUICE_S3_NAME', server.endpoint), async () => {
  const { bucket, close } = await newBucket();
  const store = storeFor(server);
  return {
    store,
    bucket,
    close: async () => {
      for (const { key } of (await store.listObjects(bucket)).objects)
        await store.deleteObject({ bucket, key });
      await store.close();
      await close();
    },
  };
});

for (const checksum of ['trailer', 'header', 'sha256'] as const) {
  bucketSuite(`S3 store on ${setting('SLUICE_S3_NAME', server.endpoint)}, checksum ${checksum}`, async () => {
    const { bucket, close } = await newBucket();
    return {
      store: storeFor(server, { checksum }),
      bucket,
      keepsProperties: true,
      keepsChecksums: checksum !== 'sha256' && setting('SLUICE_S3_KEEPS_CHECKSUMS', 'true') === 'true',
      nestsKeys: setting('SLUICE_S3_NESTS_KEYS', 'false') === 'true',
      maxSegmentBytes: Number(setting('SLUICE_S3_MAX_SEGMENT', '255')),
      close,
    };
  });
}
