import { systemClock } from '../../src/base/clock.ts';
import { Secret } from '../../src/keep/buckets/credentials/secret.ts';
import type { S3Profile } from '../../src/keep/buckets/s3/profile.ts';
import { S3Store, type S3StoreOptions } from '../../src/keep/buckets/s3/store.ts';
import type { S3TestServer } from './s3-server/server.ts';

/** A profile for an S3 server with given credentials; path style, CRC32 trailers, as the preset `s3`. */
export function profileFor(
  server: Pick<S3TestServer, 'endpoint' | 'region' | 'credential'>,
  overrides: Partial<S3Profile> = {},
): S3Profile {
  return {
    kind: 's3',
    name: 'test',
    provider: 's3',
    endpoint: server.endpoint,
    region: server.region,
    accessKeyId: server.credential.accessKeyId,
    secretAccessKey: new Secret(server.credential.secretAccessKey),
    addressing: 'path',
    checksum: 'trailer',
    expectContinue: true,
    ...overrides,
  };
}

/** A store for a test server, with short patience. */
export function storeFor(
  server: Pick<S3TestServer, 'endpoint' | 'region' | 'credential'>,
  overrides: Partial<S3Profile> = {},
  options: Partial<S3StoreOptions> = {},
): S3Store {
  return new S3Store(profileFor(server, overrides), {
    clock: systemClock,
    idleTimeoutMs: 5000,
    minBytesPerSecond: 2 ** 40,
    ...options,
  });
}
