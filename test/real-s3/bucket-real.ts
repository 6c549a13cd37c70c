/** Run by scripts/test-real-s3.ts, which says where the server is; not part of `npm test`. */
import { randomBytes, randomUUID } from 'node:crypto';
import { Secret } from '../../src/keep/buckets/credentials/secret.ts';
import { bucketSuite } from '../suites/bucket-suite.ts';
import { storeFor } from '../support/s3-profile.ts';
import { realServer, setting } from './real-server.ts';

const { name, ...server } = realServer();

const VARIANTS = [
  { checksum: 'trailer' },
  { checksum: 'header' },
  { checksum: 'sha256' },
  { checksum: 'header', transport: 'sdk' },
] as const;

/** With a key of one's own, where the server takes any. */
const SPECIAL = setting('SLUICE_S3_TAKES_CUSTOMER_KEYS', 'false') === 'true' ? VARIANTS : [];
const ALL = [
  ...VARIANTS.map(variant => ({ variant, customerKey: undefined })),
  ...SPECIAL.map(variant => ({ variant, customerKey: new Secret(randomBytes(32).toString('base64')) })),
];

for (const { variant, customerKey } of ALL) {
  const { checksum } = variant;
  const special = customerKey === undefined ? '' : ', with a key of one’s own';
  bucketSuite(`S3 store on ${name}, ${Object.values(variant).join(', ')}${special}`, async () => {
    const sdk = await import('@aws-sdk/client-s3');
    const admin = new sdk.S3Client({ ...server, credentials: server.credential, forcePathStyle: true });
    const Bucket = `sluice-test-${randomUUID().slice(0, 13)}`;
    await admin.send(new sdk.CreateBucketCommand({ Bucket }));
    return {
      store: storeFor(server, { ...variant, customerKey }),
      bucket: Bucket,
      keepsProperties: true,
      keepsChecksums: checksum !== 'sha256' && setting('SLUICE_S3_KEEPS_CHECKSUMS', 'true') === 'true',
      nestsKeys: setting('SLUICE_S3_NESTS_KEYS', 'false') === 'true',
      listsReplacedParts: setting('SLUICE_S3_LISTS_REPLACED_PARTS', 'false') === 'true',
      listsUploadsByKey: setting('SLUICE_S3_LISTS_UPLOADS_BY_KEY', 'false') === 'true',
      maxSegmentBytes: Number(setting('SLUICE_S3_MAX_SEGMENT', '255')),
      close: async () => {
        await admin.send(new sdk.DeleteBucketCommand({ Bucket }));
        admin.destroy();
      },
    };
  });
}
