/** Run by scripts/test-real-s3.ts, which says where the server is; not part of `npm test`. Cold storage of clones. */
import { randomUUID } from 'node:crypto';
import { coldSuite } from '../suites/cold-suite.ts';
import { storeFor } from '../support/s3-profile.ts';
import { realServer } from './real-server.ts';

const { name, ...server } = realServer();

coldSuite(name, async () => {
  const sdk = await import('@aws-sdk/client-s3');
  const admin = new sdk.S3Client({ ...server, credentials: server.credential, forcePathStyle: true });
  const bucket = `sluice-test-${randomUUID().slice(0, 13)}`;
  await admin.send(new sdk.CreateBucketCommand({ Bucket: bucket }));
  const store = storeFor(server);
  return {
    store,
    bucket,
    close: async () => {
      for (const { key } of (await store.listObjects(bucket)).objects)
        await store.deleteObject({ bucket, key });
      await store.close();
      await admin.send(new sdk.DeleteBucketCommand({ Bucket: bucket }));
      admin.destroy();
    },
  };
});
