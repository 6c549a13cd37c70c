import { randomBytes } from 'node:crypto';
import { Secret } from '../../../src/keep/buckets/credentials/secret.ts';
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

/** The API lies below a path, and objects are encrypted with a key of one's own (D-800, D-801). */
const SPECIAL = [
  { checksum: 'trailer', prefix: '/storage/v1/s3' },
  { checksum: 'header', transport: 'sdk', prefix: '/storage/v1/s3' },
] as const;

for (const { prefix, ...variant } of [...VARIANTS.map(one => ({ ...one, prefix: undefined })), ...SPECIAL]) {
  const { checksum } = variant;
  const special = prefix === undefined ? '' : ', below a path, with a key of one’s own (D-800, D-801)';
  bucketSuite(`S3 store on the test server, ${Object.values(variant).join(', ')}${special}`, async () => {
    const server = await startS3Server({ buckets: ['bucket', 'other'], prefix });
    const customerKey = prefix === undefined ? undefined : new Secret(randomBytes(32).toString('base64'));
    return {
      store: storeFor(server, { ...variant, customerKey }),
      bucket: 'bucket',
      keepsProperties: true,
      keepsChecksums: checksum !== 'sha256',
      nestsKeys: true,
      maxSegmentBytes: 1024,
      close: () => server.stop(),
    };
  });
}
