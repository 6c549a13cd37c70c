import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { Secret } from '../../../src/keep/buckets/credentials/secret.ts';
import { DirectoryStore } from '../../../src/keep/buckets/directory/store.ts';
import { type ProbeStep, probeProfile } from '../../../src/keep/buckets/probe.ts';
import type { S3Profile } from '../../../src/keep/buckets/s3/profile.ts';
import { storeFor } from '../../support/s3-profile.ts';
import type { RefusableRequest } from '../../support/s3-server/faults.ts';
import { type S3ServerOptions, type S3TestServer, startS3Server } from '../../support/s3-server/server.ts';
import { temporaryDirectory } from '../../support/temp-directory.ts';

async function probe(
  context: TestContext,
  options: S3ServerOptions & { prepare?: (server: S3TestServer) => void },
  profile: Partial<S3Profile> = {},
  buckets?: string[],
): Promise<{ steps: ProbeStep[]; server: S3TestServer }> {
  const server = await startS3Server(options);
  const store = storeFor(server, profile);
  context.after(async () => {
    await server.stop();
    await store.close();
  });
  options.prepare?.(server);
  const steps = await probeProfile(store, { writes: true, ...(buckets === undefined ? {} : { buckets }) });
  return { steps, server };
}

const outcomes = (steps: readonly ProbeStep[]) => steps.map(({ step, outcome }) => `${step}: ${outcome}`);
const ALL_OK = [
  'reach: ok',
  'authenticate: ok',
  'list buckets: ok',
  'head bucket: ok',
  'put: ok',
  'head: ok',
  'put streamed: ok',
  'put in parts: ok',
  'delete: ok',
];
/** A folder takes every file whole. */
const ALL_OF_FOLDER = ALL_OK.filter(line => !/streamed|parts/.test(line));

test('a good profile passes every step and leaves nothing behind (D-7)', async context => {
  const { steps, server } = await probe(context, {});
  assert.deepEqual(outcomes(steps), ALL_OK);
  assert.equal(server.objects('bucket').size, 0);
});

test('the directory store passes the same steps (D-7)', async context => {
  const path = temporaryDirectory(context, 'sluice-probe');
  await mkdir(join(path, 'bucket'));
  const profile = { kind: 'directory', name: 'd', provider: 'directory', path } as const;
  const steps = await probeProfile(new DirectoryStore(profile, { clock: systemClock }), { writes: true });
  assert.deepEqual(outcomes(steps), ALL_OF_FOLDER);
  const missing = new DirectoryStore({ ...profile, path: join(path, 'not-mounted') }, { clock: systemClock });
  assert.deepEqual(outcomes(await probeProfile(missing, { writes: true })), [
    'reach: failed',
    'authenticate: skipped',
  ]);
});

test('nobody there fails the first step in words and stops (D-7)', async context => {
  const { steps } = await probe(context, { prepare: server => void server.stop() });
  assert.deepEqual(outcomes(steps), ['reach: failed', 'authenticate: skipped']);
  assert.match(steps[0]?.words ?? '', /nothing listens|reset|closed/);
  assert.ok(steps[0]?.hint);
});

test('a wrong secret fails authentication, not reach (D-7)', async context => {
  const { steps } = await probe(context, {}, { secretAccessKey: new Secret('wrong') });
  assert.deepEqual(outcomes(steps), ['reach: ok', 'authenticate: failed']);
  assert.match(steps[1]?.hint ?? '', /key/);
});

test('a key that may not list is fine when its bucket is named (D-6)', async context => {
  const { steps } = await probe(context, { quirks: { listBuckets: 'denied' } }, {}, ['bucket']);
  assert.deepEqual(
    outcomes(steps),
    ALL_OK.map(line => (line === 'list buckets: ok' ? 'list buckets: skipped' : line)),
  );
  const unnamed = await probe(context, { quirks: { listBuckets: 'denied' } });
  assert.deepEqual(outcomes(unnamed.steps).slice(2), [
    'list buckets: skipped',
    'put: skipped',
    'head: skipped',
    'put streamed: skipped',
    'put in parts: skipped',
    'delete: skipped',
  ]);
  assert.match(unnamed.steps[2]?.hint ?? '', /Name a bucket/);
});

test('a missing bucket is named; HEAD not offered and DELETE denied are skipped with what follows (D-7)', async context => {
  const { steps } = await probe(context, {}, {}, ['elsewhere']);
  assert.equal(steps.find(({ step }) => step === 'head bucket')?.outcome, 'failed');
  assert.match(steps.find(({ step }) => step === 'head bucket')?.words ?? '', /elsewhere/);
  const denied = await probe(context, {
    quirks: { head: 405 },
    prepare: server =>
      server.faults.add({ kind: 'error', operation: 'DeleteObject', status: 403, code: 'AccessDenied' }),
  });
  assert.deepEqual(outcomes(denied.steps).slice(-5), [
    'put: ok',
    'head: ok',
    'put streamed: ok',
    'put in parts: ok',
    'delete: skipped',
  ]);
  assert.match(denied.steps.at(-1)?.hint ?? '', /Remove bucket\/\.sluice-probe-/);
});

test('each way of sending is probed with a body of its kind, and what the server does not take is said (D-7, T-107)', async context => {
  const streamed = ({ headers }: RefusableRequest) =>
    String(headers['x-amz-content-sha256']).startsWith('STREAMING');
  const refused = await probe(context, {
    quirks: {
      refuses: request => (streamed(request) ? { status: 403, code: 'SignatureDoesNotMatch' } : undefined),
    },
  });
  assert.deepEqual(outcomes(refused.steps), ALL_OK);
  for (const name of ['put streamed', 'put in parts']) {
    const step = refused.steps.find(({ step }) => step === name);
    assert.match(step?.words ?? '', /with the checksum before the body: the server refuses/);
    assert.match(step?.hint ?? '', /checksum/);
  }
  assert.equal(refused.server.objects('bucket').size, 0);

  const framing = await probe(context, { quirks: { framing: 'stored' } });
  assert.deepEqual(outcomes(framing.steps), ALL_OK);
  assert.match(framing.steps.find(({ step }) => step === 'put streamed')?.words ?? '', /before the body/);
  assert.equal(framing.server.objects('bucket').size, 0);

  const larger = ({ headers }: RefusableRequest) => Number(headers['content-length'] ?? 0) > 1_000_000;
  const limited = await probe(context, {
    quirks: { refuses: request => (larger(request) ? { status: 413, code: 'EntityTooLarge' } : undefined) },
  });
  assert.deepEqual(outcomes(limited.steps).slice(-5), [
    'put: ok',
    'head: ok',
    'put streamed: failed',
    'put in parts: failed',
    'delete: ok',
  ]);
  assert.equal(limited.server.uploads('bucket').size, 0);
});

test('"the key is known" only after an answer that only S3 gives (D-7, T-107)', async context => {
  const page = '<!DOCTYPE html><html><title>Welcome</title></html>';
  const strangers: Record<string, readonly [string, RegExp]> = {
    'a redirect': [
      'HTTP/1.1 302 Found\r\nLocation: http://portal.example/x\r\nContent-Length: 0',
      /portal\.example/,
    ],
    'a page': [
      `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${page.length}`,
      /Welcome|web page/,
    ],
    'a page with a mark of S3': [
      `HTTP/1.1 200 OK\r\nx-amz-request-id: R\r\nContent-Type: text/html\r\nContent-Length: ${page.length}`,
      /web page/,
    ],
    'a page with 403': [
      `HTTP/1.1 403 No\r\nContent-Type: text/html\r\nContent-Length: ${page.length}`,
      /web page/,
    ],
    'a proxy': ['HTTP/1.1 407 No\r\nContent-Length: 0', /proxy wants/],
    'an API': ['HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 0', /no S3 server/],
    'no HTTP': ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7', /HTTP/],
  };
  for (const [label, [head, words]] of Object.entries(strangers)) {
    const server = createServer((_, response) => {
      const body = /content-length: [1-9]\d\d?$/i.test(head) && head.includes('html') ? page : '';
      response.socket?.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const credential = { accessKeyId: 'A', secretAccessKey: 'S' };
    const store = storeFor({ endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credential });
    const steps = await probeProfile(store, { writes: true, buckets: ['bucket'] });
    assert.deepEqual(outcomes(steps), ['reach: failed', 'authenticate: skipped'], label);
    assert.match(steps[0]?.words ?? '', words, label);
    await store.close();
    server.closeAllConnections();
    server.close();
  }
  for (const [status, code] of [
    [400, 'ExpiredToken'],
    [400, 'SomethingElse'],
    [403, 'UserSuspended'],
  ] as const) {
    const { steps } = await probe(context, { quirks: { refuses: () => ({ status, code }) } });
    assert.deepEqual(outcomes(steps), ['reach: ok', 'authenticate: failed'], code);
  }
  const denied = await probe(context, { quirks: { listBuckets: 'denied' } });
  assert.match(denied.steps[1]?.words ?? '', /the key is known/);
});
