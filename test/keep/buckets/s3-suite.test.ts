import { bucketSuite } from '../../suites/bucket-suite.ts';
import { storeFor } from '../../support/s3-profile.ts';
import { startS3Server } from '../../support/s3-server/server.ts';

for (const checksum of ['trailer', 'header', 'sha256'] as const) {
  bucketSuite(`S3 store on the test server, checksum ${checksum}`, async () => {
    const server = await startS3Server({ buckets: ['bucket', 'other'] });
    return {
      store: storeFor(server, { checksum }),
      bucket: 'bucket',
      keepsProperties: true,
      keepsChecksums: checksum !== 'sha256',
      nestsKeys: true,
      maxSegmentBytes: 1024,
      close: () => server.stop(),
    };
  });
}
