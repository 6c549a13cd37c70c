import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { SluiceError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { findProfiles } from '../../../src/keep/buckets/profiles.ts';
import type { S3Profile } from '../../../src/keep/buckets/s3/profile.ts';
import { selfSigned } from '../../support/certificates.ts';
import { startDelivery } from '../../support/delivery.ts';
import { temporaryDirectory } from '../../support/git-repositories.ts';
import { profileFor, storeFor } from '../../support/s3-profile.ts';
import { startS3Server } from '../../support/s3-server/server.ts';

const KEYS = 'provider = s3\naws_access_key_id = a\naws_secret_access_key = b\n';

/** The profile of a credentials file in `folder` that says no more than `more`. */
async function profileWith(
  folder: string,
  more: string,
  env: Record<string, string> = {},
): Promise<S3Profile> {
  const path = join(folder, 'credentials');
  writeFileSync(path, `[far]\n${KEYS}${more}\n`, { mode: 0o600 });
  const deliver = {
    onlyCredentials: path,
    credentials: undefined,
    directory: folder,
    strictProfiles: false,
    proxy: {},
  };
  const [profile] = await findProfiles({ deliver, env }, silentLogger);
  return profile as S3Profile;
}

const faultWith = async (folder: string, more: string, env?: Record<string, string>): Promise<string> => {
  const fault = await profileWith(folder, more, env).catch((error: unknown) => error);
  assert.ok(fault instanceof SluiceError, inspect(fault));
  assert.equal(fault.code, 'credentials_invalid');
  return fault.message;
};

test('an endpoint may have a path, and keeps it (D-800)', async t => {
  const folder = temporaryDirectory(t);
  const { endpoint } = await profileWith(folder, 'endpoint_url = https://host.example/storage/v1/s3/');
  assert.equal(endpoint, 'https://host.example/storage/v1/s3');
});

test('a bucket in the host name goes before a path of the endpoint (D-800)', async t => {
  const server = await startS3Server({ domain: 'localhost', prefix: '/s3' });
  t.after(() => server.stop());
  const endpoint = server.endpoint.replace('127.0.0.1', 'localhost');
  const lookup = ((_: string, options: { all?: boolean }, done: (...args: unknown[]) => void) =>
    options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)) as never;
  const store = storeFor({ ...server, endpoint }, { addressing: 'virtual' }, { lookup });
  t.after(() => store.close());
  await store.putObject({ bucket: 'bucket', key: 'a b/c' }, { body: Buffer.from('x') });
  await store.headBucket('bucket');
  assert.deepEqual([...server.objects('bucket').keys()], ['a b/c']);
  assert.match(String(server.requests[0]?.headers.host), /^bucket\.localhost:/);
  assert.equal(server.requests[0]?.url, '/s3/a%20b/c');
});

test('ca_bundle has a server believed whose certificate nobody else knows, on every way of sending (D-802)', async t => {
  const folder = temporaryDirectory(t);
  const { cert, key, certFile } = selfSigned(folder);
  const server = await startS3Server({ tls: { cert, key } });
  t.after(() => server.stop());
  const stranger = storeFor(server);
  t.after(() => stranger.close());
  await assert.rejects(stranger.headBucket('bucket'), (error: SluiceError) => {
    assert.equal(error.code, 'tls_failed');
    assert.match(String(error.hint), /ca_bundle = FILE/);
    return true;
  });
  const bundle = `endpoint_url = ${server.endpoint}\nca_bundle = localhost.crt`;
  const inFile = await profileWith(folder, bundle);
  const inEnvironment = await profileWith(folder, `endpoint_url = ${server.endpoint}`, {
    AWS_CA_BUNDLE: certFile,
  });
  for (const { ca } of [inFile, inEnvironment]) {
    const store = storeFor(server, { ca });
    await store.headBucket('bucket');
    await store.putObject({ bucket: 'bucket', key: 'small' }, { body: Buffer.from('x') });
    await store.putObject({ bucket: 'bucket', key: 'large' }, { body: randomBytes(2 ** 21) });
    const { body } = await store.getObject({ bucket: 'bucket', key: 'small' });
    for await (const chunk of body) assert.equal(chunk.toString(), 'x');
    await store.close();
  }
});

test('a bundle that is not there, or none, is named with its profile (D-802)', async t => {
  const folder = temporaryDirectory(t);
  writeFileSync(join(folder, 'empty.pem'), 'nothing');
  const endpoint = 'endpoint_url = https://host.example\n';
  assert.match(
    await faultWith(folder, `${endpoint}ca_bundle = gone.pem`),
    /profile "far": ca_bundle .*gone\.pem cannot be read: it does not exist/,
  );
  assert.match(await faultWith(folder, `${endpoint}ca_bundle = empty.pem`), /holds no certificate/);
});

test('the key for SSE-C comes from the section, a file or the environment, and is never shown (D-801)', async t => {
  const folder = temporaryDirectory(t);
  const bytes = randomBytes(32);
  const base64 = bytes.toString('base64');
  writeFileSync(join(folder, 'raw.key'), bytes);
  writeFileSync(join(folder, 'text.key'), `${base64}\n`);
  const endpoint = 'endpoint_url = https://host.example\n';
  const ways: readonly [string, Record<string, string>][] = [
    [`sse_customer_key = ${base64}`, {}],
    ['sse_customer_key_file = raw.key', {}],
    ['sse_customer_key_file = text.key', {}],
    ['sse_customer_key_env = OBJECT_KEY', { OBJECT_KEY: base64 }],
  ];
  for (const [setting, env] of ways) {
    const profile = await profileWith(folder, endpoint + setting, env);
    assert.equal(profile.customerKey?.reveal(), base64);
    assert.ok(!`${JSON.stringify(profile)}${inspect(profile, { depth: 9 })}`.includes(base64));
  }
  const faults = [
    await faultWith(folder, `${endpoint}sse_customer_key_env = OBJECT_KEY`),
    await faultWith(folder, `${endpoint}sse_customer_key_env = OBJECT_KEY`, {
      OBJECT_KEY: 'c2hvcnQtc2VjcmV0',
    }),
    await faultWith(folder, `${endpoint}sse_customer_key_file = gone.key`),
    await faultWith(folder, `endpoint_url = http://host.example\nsse_customer_key = ${base64}`),
    await faultWith(folder, `${endpoint}sse_customer_key = ${base64}\nsse_customer_key_env = OBJECT_KEY`),
  ];
  assert.match(faults[0] ?? '', /variable OBJECT_KEY .* is not set/);
  assert.match(faults[1] ?? '', /is no key: give 32 bytes/);
  assert.match(faults[2] ?? '', /does not exist/);
  assert.match(faults[3] ?? '', /needs an endpoint with https/);
  assert.match(faults[4] ?? '', /only one may be given/);
  for (const fault of faults)
    assert.doesNotMatch(fault, new RegExp(`c2hvcnQtc2VjcmV0|${base64.slice(0, 12)}`));
});

test('files are delivered and verified under a key of one’s own, which no record has (D-801)', async t => {
  const server = await startS3Server();
  t.after(() => server.stop());
  const { customerKey } = await profileWith(
    temporaryDirectory(t),
    `endpoint_url = https://host.example\nsse_customer_key = ${randomBytes(32).toString('base64')}`,
  );
  assert.ok(customerKey);
  const lines: string[] = [];
  const log = {
    ...silentLogger,
    warn: (...all: unknown[]) => lines.push(inspect(all)),
  } as typeof silentLogger;
  const profile = profileFor(server, { name: 'cloud', customerKey });
  const rig = await startDelivery(t, { profiles: [profile], log });
  rig.write('incoming/cloud/bucket/small.txt', 'small');
  rig.write('incoming/cloud/bucket/large.bin', randomBytes(11 * 2 ** 20));
  for (const name of ['small.txt', 'large.bin']) {
    const { verified } = await rig.until(name, ({ state }) => state === 'completed');
    assert.equal(verified, 'checksum');
    const object = server.objects('bucket').get(name);
    assert.equal(typeof object?.customerKeyMd5, 'string');
  }
  assert.ok(server.requests.some(({ operation }) => operation === 'UploadPart'));
  await rig.delivery.stop();
  for (const end of ['', '-wal']) {
    const content = readIfThere(rig.databasePath + end);
    assert.ok(
      !content.includes(customerKey.reveal()) &&
        !content.includes(Buffer.from(customerKey.reveal(), 'base64')),
    );
  }
  assert.ok(!lines.join('').includes(customerKey.reveal()));
});

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
