import { bucketSuite } from '../../suites/bucket-suite.ts';
import { storeFor } from '../../support/s3-profile.ts';
import { startS3Server } from '../../support/s3-server/server.ts';

const VARIANTS = [
  { checksum: 'trailer' },
  { checksum: 'header' },
  { checksum: 'sha256' },
  { checksum: 'header', transport: 'sdk' },
  { checksum: 'sha256', transport: 'sdk' },
] as const;

for (const variant of VARIANTS) {
  const { checksum } = variant;
  bucketSuite(`S3 store on the test server, ${Object.values(variant).join(', ')}`, async () => {
    const server = await startS3Server({ buckets: ['bucket', 'other'] });
    return {
      store: storeFor(server, variant),
      bucket: 'bucket',
      keepsProperties: true,
      keepsChecksums: checksum !== 'sha256',
      nestsKeys: true,
      maxSegmentBytes: 1024,
      close: () => server.stop(),
    };
  });
}
