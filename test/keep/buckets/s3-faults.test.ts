import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { type ErrorCode, type FailureAnswer, SluiceError } from '../../../src/base/errors.ts';
import type { ObjectStore } from '../../../src/keep/buckets/bucket.ts';
import { Secret } from '../../../src/keep/buckets/credentials/secret.ts';
import type { S3Profile } from '../../../src/keep/buckets/s3/profile.ts';
import type { S3StoreOptions } from '../../../src/keep/buckets/s3/store.ts';
import { fails } from '../../suites/bucket-suite.ts';
import { storeFor } from '../../support/s3-profile.ts';
import { noStorage } from '../../support/s3-server/contents.ts';
import type { Fault } from '../../support/s3-server/faults.ts';
import { type S3ServerOptions, type S3TestServer, startS3Server } from '../../support/s3-server/server.ts';
import { temporaryDirectory } from '../../support/temp-directory.ts';

const SMALL = { body: Buffer.from('small') };
const LARGE = { body: randomBytes(3 * 1024 * 1024) };
const AT = { bucket: 'bucket', key: 'key' };

/** A wait for 100 Continue is long enough for a busy machine; one for a refusal passes in a quarter of its time. */
const patientClock: Clock = {
  ...systemClock,
  timer: (ms, callback) => systemClock.timer(ms > 1000 ? ms / 4 : ms * 10, callback),
};

/** A wait for 100 Continue that never comes passes at once. */
const impatientClock: Clock = {
  ...systemClock,
  timer: (ms, callback) => systemClock.timer(ms / 20, callback),
};

interface Setup {
  readonly server: S3TestServer;
  readonly store: ObjectStore;
}

async function setUp(
  context: TestContext,
  options: S3ServerOptions = {},
  profile: Partial<S3Profile> = {},
  storeOptions: Partial<S3StoreOptions> = {},
): Promise<Setup> {
  const server = await startS3Server(options);
  const store = storeFor(server, profile, { idleTimeoutMs: 2000, clock: patientClock, ...storeOptions });
  context.after(async () => {
    await server.stop();
    await store.close();
  });
  return { server, store };
}

const puts = (server: S3TestServer) => server.requests.filter(({ operation }) => operation === 'PutObject');

describe('faults of the server, each once and not retried here (D-36)', () => {
  const refused = (status: number, code?: string) => ({ kind: 'error', status, code }) satisfies Fault;
  const marked = (status: number): Fault => ({
    ...refused(status),
    headers: { 'x-amz-request-id': 'injected' },
  });
  const cases: [string, Fault, ErrorCode, FailureAnswer][] = [
    ['500', refused(500, 'InternalError'), 'bucket_unavailable', 'retry'],
    ['502 without a body', refused(502), 'answer_invalid', 'hold'],
    ['502 without a body, of S3', marked(502), 'bucket_unavailable', 'retry'],
    ['503 SlowDown', refused(503, 'SlowDown'), 'slow_down', 'retry'],
    ['429', refused(429, 'TooManyRequests'), 'slow_down', 'retry'],
    ['408', refused(408), 'timed_out', 'retry'],
    ['400 RequestTimeout', refused(400, 'RequestTimeout'), 'timed_out', 'retry'],
    ['400 BadDigest', refused(400, 'BadDigest'), 'checksum_mismatch', 'retry'],
    ['400 InvalidRequest', refused(400, 'InvalidRequest'), 'request_refused', 'give-up'],
    ['403 AccessDenied', refused(403, 'AccessDenied'), 'access_denied', 'give-up'],
    ['403 unknown key', refused(403, 'InvalidAccessKeyId'), 'bucket_auth_failed', 'give-up'],
    ['403 bad signature', refused(403, 'SignatureDoesNotMatch'), 'bucket_auth_failed', 'give-up'],
    ['404 NoSuchBucket', refused(404, 'NoSuchBucket'), 'bucket_missing', 'give-up'],
    ['413 EntityTooLarge', refused(413, 'EntityTooLarge'), 'object_too_large', 'give-up'],
    ['XML cut short', { kind: 'truncated-xml', status: 503, code: 'SlowDown' }, 'slow_down', 'retry'],
    ['403 without a body', refused(403), 'answer_invalid', 'hold'],
    ['a quota', refused(403, 'QuotaExceeded'), 'bucket_full', 'hold'],
    ['an expired token', refused(400, 'ExpiredToken'), 'key_expired', 'hold'],
    ['an unknown code', refused(418, 'ShortAndStout'), 'request_refused', 'retry'],
    ['a web page with 503', { kind: 'html', status: 503 }, 'answer_invalid', 'hold'],
    ['a web page with 403', { kind: 'html', status: 403 }, 'answer_invalid', 'hold'],
    ['a web page with 200', { kind: 'html', status: 200 }, 'answer_invalid', 'hold'],
    ['a wrong checksum echoed', { kind: 'wrong-checksum' }, 'checksum_mismatch', 'retry'],
    ['a reset at once', { kind: 'reset', afterBytes: 0 }, 'connection_lost', 'retry'],
    ['a reset in the body', { kind: 'reset', afterBytes: 1 }, 'connection_lost', 'retry'],
    ['a lost answer', { kind: 'lost-answer' }, 'connection_lost', 'retry'],
  ];
  /** Refusals that may come of the way of sending: a streamed body is sent once more in another one. */
  const MAY_BE_THE_WAY = new Set([
    '400 BadDigest',
    '400 InvalidRequest',
    '403 AccessDenied',
    '403 bad signature',
    '403 without a body',
    'an unknown code',
    'a web page with 403',
  ]);
  for (const [label, fault, code, retry] of cases) {
    test(`${label}: ${code}, ${retry}, small and large (D-36, T-2, T-100)`, async context => {
      const { server, store } = await setUp(context);
      for (const source of [SMALL, LARGE]) {
        // A signature may fail for the headers of small ones, too; what was cleared there is not asked again.
        const suspect = label === '403 bad signature' ? SMALL : LARGE;
        const isSuspected = MAY_BE_THE_WAY.has(label) && source === suspect;
        server.faults.add({ ...fault, times: isSuspected ? 2 : 1 });
        const before = server.requests.length;
        await assert.rejects(store.putObject(AT, source), error => {
          fails(code)(error);
          assert.equal((error as SluiceError).answer, retry);
          assert.match((error as SluiceError).message, /bucket\/key/);
          return true;
        });
        // After a reset in a streamed body the question is asked once more, with only its first block.
        const isAskedAgain = source === LARGE && fault.kind === 'reset' && fault.afterBytes > 0;
        assert.equal(server.requests.length, before + (isAskedAgain || isSuspected ? 2 : 1));
        await store.putObject(AT, source);
        assert.deepEqual(await server.read('bucket', 'key'), source.body);
      }
    });
  }

  test('Retry-After reaches the error, as seconds and as a date, on every path (D-38)', async context => {
    const { server, store } = await setUp(context);
    const slow = (value: string): Fault => ({
      kind: 'error',
      status: 503,
      code: 'SlowDown',
      headers: { 'retry-after': value },
    });
    const retryAfter = async (work: Promise<unknown>): Promise<number | undefined> =>
      work.then(
        () => assert.fail('no error'),
        error => (error instanceof SluiceError ? error.retryAfterMs : undefined),
      );
    server.faults.add(slow('7'), slow('7'), slow('7'));
    assert.equal(await retryAfter(store.putObject(AT, SMALL)), 7000);
    assert.equal(await retryAfter(store.putObject(AT, LARGE)), 7000);
    assert.equal(await retryAfter(store.listBuckets()), 7000);
    server.faults.add(slow(new Date(Date.now() + 60_000).toUTCString()));
    const waitMs = (await retryAfter(store.putObject(AT, SMALL))) ?? 0;
    assert.ok(waitMs > 50_000 && waitMs <= 60_000, `${waitMs} ms`);
  });

  test('control calls are classified the same way, and made once (T-2)', async context => {
    const { server, store } = await setUp(context);
    const cases: [Fault, ErrorCode][] = [
      [{ kind: 'error', status: 500, code: 'InternalError' }, 'bucket_unavailable'],
      [{ kind: 'error', status: 503 }, 'answer_invalid'],
      [{ kind: 'error', status: 403, code: 'InvalidAccessKeyId' }, 'bucket_auth_failed'],
      [{ kind: 'html', status: 503 }, 'answer_invalid'],
      [{ kind: 'html', status: 403 }, 'answer_invalid'],
      [{ kind: 'html', status: 200 }, 'answer_invalid'],
      [{ kind: 'truncated-xml', status: 503, code: 'SlowDown' }, 'slow_down'],
      [{ kind: 'error', status: 403, code: 'QuotaExceeded' }, 'bucket_full'],
      [{ kind: 'error', status: 400, code: 'ExpiredToken' }, 'key_expired'],
      [{ kind: 'reset', afterBytes: 0 }, 'connection_lost'],
    ];
    for (const [fault, code] of cases) {
      for (const call of [
        () => store.listBuckets(),
        () => store.listObjects('bucket'),
        () => store.createUpload(AT),
      ]) {
        server.faults.add(fault);
        const before = server.requests.length;
        await assert.rejects(call(), fails(code), JSON.stringify(fault));
        assert.equal(server.requests.length, before + 1, `one request for ${JSON.stringify(fault)}`);
      }
    }
  });
});

describe('connections', () => {
  test('refused is host_unreachable, an unknown name host_unknown, both transient (D-36)', async context => {
    const { server, store } = await setUp(context);
    await server.stop();
    const unknown = storeFor({ ...server, endpoint: 'http://no-such-host.invalid' });
    context.after(() => unknown.close());
    for (const source of [SMALL, LARGE]) {
      await assert.rejects(store.putObject(AT, source), fails('host_unreachable'));
      await assert.rejects(unknown.putObject(AT, source), fails('host_unknown'));
    }
    await assert.rejects(store.listBuckets(), fails('host_unreachable'));
    await assert.rejects(unknown.listBuckets(), fails('host_unknown'));
  });

  test('a server that is silent ends the call with timed_out after idleTimeoutMs (T-5)', async context => {
    const { server, store } = await setUp(context, {}, {}, { idleTimeoutMs: 150 });
    for (const source of [SMALL, LARGE]) {
      for (const afterBytes of [0, 1]) {
        server.faults.add({ kind: 'stall', afterBytes });
        await assert.rejects(store.putObject(AT, source), fails('timed_out'));
      }
    }
    server.faults.add({ kind: 'stall', afterBytes: 0 });
    await assert.rejects(store.headObject(AT), fails('timed_out'));
    server.faults.add({ kind: 'stall', afterBytes: 0 });
    await assert.rejects(store.listObjects('bucket'), fails('timed_out'));
  });

  test('a slow server that keeps taking bytes is no time-out, however long it takes (T-5)', async context => {
    const patience = { idleTimeoutMs: 1000, minBytesPerSecond: 8 * 1024 * 1024 };
    const { server, store } = await setUp(context, { storage: noStorage() }, {}, patience);
    const body = Buffer.alloc(36 * 1024 * 1024);
    server.faults.add({ kind: 'slow', bytesPerTick: 64 * 1024, tickMs: 4 });
    const begin = performance.now();
    await store.putObject(AT, { body });
    assert.ok(performance.now() - begin > 2000, 'it took well over the time-outs');
    assert.equal(server.objects('bucket').get('key')?.content.size, body.length);
  });

  test('plain text where TLS is expected is tls_failed (T-6)', async context => {
    const { server } = await setUp(context);
    const store = storeFor({ ...server, endpoint: server.endpoint.replace('http:', 'https:') });
    context.after(() => store.close());
    await assert.rejects(store.putObject(AT, SMALL), fails('tls_failed'));
    await assert.rejects(store.putObject(AT, LARGE), fails('tls_failed'));
    await assert.rejects(store.listBuckets(), fails('tls_failed'));
  });

  test('something that does not speak HTTP is answer_invalid (T-6)', async context => {
    const liar = createServer(socket => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => socket.end('220 mail.example ESMTP\r\n'));
    });
    await new Promise<void>(resolve => liar.listen(0, '127.0.0.1', resolve));
    context.after(() => liar.close());
    const address = liar.address();
    assert.ok(typeof address === 'object' && address !== null);
    const { server } = await setUp(context);
    const store = storeFor({ ...server, endpoint: `http://127.0.0.1:${address.port}` });
    context.after(() => store.close());
    for (const source of [SMALL, LARGE]) {
      await assert.rejects(store.putObject(AT, source), fails(['answer_invalid', 'connection_lost']));
    }
    await assert.rejects(store.listBuckets(), fails(['answer_invalid', 'connection_lost']));
  });

  test('aborting in the middle of a body cancels, and nothing is stored', async context => {
    const { server, store } = await setUp(context);
    for (const source of [SMALL, LARGE]) {
      server.faults.add({ kind: 'stall', afterBytes: 1 });
      const controller = new AbortController();
      const putting = store.putObject(AT, source, { signal: controller.signal });
      setImmediate(() => controller.abort());
      await assert.rejects(putting, fails('cancelled'));
    }
    assert.equal(server.objects('bucket').size, 0);
  });

  test('connections are reused, after HEAD as well, and close leaves none open', async context => {
    const { server, store } = await setUp(context);
    for (let round = 0; round < 5; round += 1) {
      await store.putObject(AT, SMALL);
      await store.putObject(AT, LARGE);
      await store.headObject(AT);
    }
    // Of 15 requests. undici lets a connection rest for a turn of the loop, and opens another meanwhile.
    assert.ok(server.opened <= 3, `${server.opened} connections`);
    await store.close();
    await store.close();
    while (server.sockets.size > 0)
      await new Promise(resolve => [...server.sockets][0]?.once('close', resolve));
  });
});

describe('what one answer corrects', () => {
  for (const offsetMs of [3_600_000, -86_400_000]) {
    test(`a clock ${offsetMs / 60_000} minutes off is corrected once and remembered (T-13)`, async context => {
      const { server, store } = await setUp(context, { quirks: { clockOffsetMs: offsetMs } });
      await store.putObject(AT, SMALL);
      await store.putObject(AT, SMALL);
      await store.putObject(AT, LARGE);
      assert.ok(await store.headObject(AT));
      assert.equal((await store.listObjects('bucket')).objects.length, 1);
      assert.equal(server.requests.filter(({ status }) => status === 403).length, 1);
    });
  }

  test('a clock that is off is found by HEAD and by the SDK as well (T-13)', async context => {
    const quirks = { clockOffsetMs: 3_600_000 };
    const heading = await setUp(context, { quirks });
    assert.equal(await heading.store.headObject(AT), undefined);
    const listing = await setUp(context, { quirks });
    assert.deepEqual(await listing.store.listBuckets(), ['bucket']);
    assert.equal(listing.server.requests.length, 2);
  });

  test('a clock that no correction mends is clock_skew, which holds, after one further try (T-13)', async context => {
    const { server, store } = await setUp(context);
    server.faults.add({ kind: 'error', status: 403, code: 'RequestTimeTooSkewed', times: 9 });
    await assert.rejects(store.putObject(AT, SMALL), fails('clock_skew'));
    assert.equal(server.requests.length, 2);
  });

  test('aws-chunked refused with 411 or 501, or taken for a hash, falls back to a checksum in the header (D-6)', async context => {
    for (const awsChunked of [411, 501, 'mismatch'] as const) {
      const { server, store } = await setUp(context, { quirks: { awsChunked } });
      const result = await store.putObject(AT, LARGE);
      assert.ok(result.crc32);
      await store.putObject(AT, LARGE);
      assert.equal(puts(server).length, 3, 'learned with the first');
      assert.ok((await store.headObject(AT, { checksum: true }))?.crc32);
    }
  });

  test('checksum headers refused fall back to the payload hash, for small and large bodies and parts (D-6)', async context => {
    for (const source of [SMALL, LARGE]) {
      const { server, store } = await setUp(context, { quirks: { checksumHeaders: 'refused' } });
      await store.putObject(AT, source);
      const upload = await store.createUpload(AT);
      const part = await store.uploadPart(upload, 1, source);
      await store.completeUpload(upload, [part]);
      assert.deepEqual(await server.read('bucket', 'key'), source.body);
      const head = await store.headObject(AT, { checksum: true });
      assert.deepEqual([head?.size, head?.crc32], [source.body.length, undefined]);
      const before = server.requests.length;
      await store.headObject(AT, { checksum: true });
      assert.equal(server.requests.length, before + 1, 'HEAD has learned not to ask');
    }
    const { store } = await setUp(context, { quirks: { checksumHeaders: 'refused' } });
    const upload = await store.createUpload(AT);
    await store.completeUpload(upload, [await store.uploadPart(upload, 1, SMALL)]);
  });

  test('Expect refused with 417, or ignored, does not stop a large body', async context => {
    const refusing = await setUp(context, { quirks: { expect: 417 } });
    await refusing.store.putObject(AT, LARGE);
    await refusing.store.putObject(AT, LARGE);
    assert.equal(puts(refusing.server).length, 3);
    const ignoring = await setUp(context, { quirks: { expect: 'ignored' } }, {}, { clock: impatientClock });
    await ignoring.store.putObject(AT, LARGE);
    assert.deepEqual(await ignoring.server.read('bucket', 'key'), LARGE.body);
  });

  test('a bucket in another region is found there, small, large and by the SDK; the region is remembered (T-7)', async context => {
    const buckets = ['bucket', { name: 'far', region: 'eu-north-1' }];
    for (const source of [SMALL, LARGE]) {
      const { server, store } = await setUp(context, { buckets });
      await store.putObject({ bucket: 'far', key: 'key' }, source);
      await store.putObject({ bucket: 'far', key: 'key' }, source);
      assert.equal(puts(server).length, 3);
      assert.equal((await store.listObjects('far')).objects.length, 1);
    }
    const { store } = await setUp(context, { buckets });
    await store.headBucket('far');
    assert.equal(
      await (await setUp(context, { buckets })).store.headObject({ bucket: 'far', key: 'x' }),
      undefined,
    );
  });

  test('301 and 307 to another port of the same host are followed; 301 is remembered, 307 is not', async context => {
    const { server: elsewhere } = await setUp(context);
    for (const [status, requests] of [
      [301, 1],
      [307, 2],
    ] as const) {
      for (const source of [SMALL, LARGE]) {
        const { server, store } = await setUp(context);
        const headers = { location: `${elsewhere.endpoint}/bucket/key` };
        server.faults.add({ kind: 'error', status, code: 'TemporaryRedirect', headers, times: 9 });
        await store.putObject(AT, source);
        await store.putObject(AT, source);
        assert.equal(server.requests.length, requests);
      }
    }
    const { server, store } = await setUp(context);
    server.faults.add({
      kind: 'error',
      status: 301,
      code: 'PermanentRedirect',
      headers: { location: `${elsewhere.endpoint}/bucket` },
    });
    assert.equal((await store.listObjects('bucket')).objects.length, 1);
  });

  test('a redirect to another host is not followed: region_wrong, and the hint names it (T-7)', async context => {
    const { server, store } = await setUp(context);
    const headers = { location: 'http://attacker.example/bucket/key' };
    server.faults.add({ kind: 'error', status: 307, code: 'TemporaryRedirect', headers });
    await assert.rejects(store.putObject(AT, SMALL), error => {
      fails('region_wrong')(error);
      assert.match((error as SluiceError).hint, /attacker\.example/);
      return true;
    });
    assert.equal(server.requests.length, 1);
  });

  test('redirects in a circle end (T-7)', async context => {
    const { server, store } = await setUp(context);
    const { server: other } = await setUp(context);
    const to = (target: S3TestServer): Fault => ({
      kind: 'error',
      status: 307,
      code: 'TemporaryRedirect',
      headers: { location: target.endpoint },
      times: 99,
    });
    server.faults.add(to(other));
    other.faults.add(to(server));
    await assert.rejects(store.putObject(AT, SMALL), fails('region_wrong'));
    assert.ok(server.requests.length + other.requests.length <= 6);
  });
});

describe('quirks and credentials', () => {
  test('without HEAD the first byte is asked for, then the listing; without these it is not_supported (D-29, T-105)', async context => {
    for (const head of [405, 501] as const) {
      const { server, store } = await setUp(context, { quirks: { head } });
      await store.putObject(AT, SMALL);
      const put = server.objects('bucket').get('key');
      const told = async () => {
        const { size, etag } = (await store.headObject(AT)) ?? {};
        return { size, etag };
      };
      assert.deepEqual(await told(), { size: SMALL.body.length, etag: put?.etag });
      server.faults.add({ kind: 'error', operation: 'GetObject', status: 403, code: 'AccessDenied' });
      assert.deepEqual(await told(), { size: SMALL.body.length, etag: put?.etag });
      assert.equal(await store.headObject({ bucket: 'bucket', key: 'nothing' }), undefined);
      server.faults.add({ kind: 'error', operation: 'GetObject', status: 403, code: 'AccessDenied' });
      server.faults.add({ kind: 'error', operation: 'ListObjectsV2', status: 403, code: 'AccessDenied' });
      await assert.rejects(store.headObject(AT), fails('not_supported'));
    }
  });

  test('a key that may not list buckets is access_denied, and headBucket still answers (D-30)', async context => {
    const { store } = await setUp(context, { quirks: { listBuckets: 'denied' } });
    await assert.rejects(store.listBuckets(), fails('access_denied'));
    await store.headBucket('bucket');
  });

  test('a wrong secret is bucket_auth_failed and a bucket out of bounds access_denied; no message holds the secret (D-8, T-3)', async context => {
    const secret = 'a-very-secret-text';
    const { server } = await setUp(context, {
      buckets: ['bucket', 'closed'],
      credentials: [{ accessKeyId: 'K', secretAccessKey: 'right', buckets: ['bucket'] }],
    });
    const wrong = storeFor(server, { secretAccessKey: new Secret(secret) });
    const right = storeFor(server);
    context.after(() => Promise.all([wrong.close(), right.close()]));
    for (const call of [
      () => wrong.putObject(AT, SMALL),
      () => wrong.putObject(AT, LARGE),
      () => wrong.listBuckets(),
    ]) {
      await assert.rejects(call(), error => {
        fails('bucket_auth_failed')(error);
        assert.doesNotMatch(`${(error as Error).stack} ${JSON.stringify(error)}`, new RegExp(secret));
        return true;
      });
    }
    await assert.rejects(right.putObject({ bucket: 'closed', key: 'x' }, SMALL), fails('access_denied'));
    await assert.rejects(right.headBucket('closed'), fails('access_denied'));
  });

  test('temporary credentials send their session token', async context => {
    const { server } = await setUp(context, {
      credentials: [{ accessKeyId: 'K', secretAccessKey: 's', sessionToken: 'token/with+signs==' }],
    });
    const store = storeFor(server, { sessionToken: new Secret('token/with+signs==') });
    context.after(() => store.close());
    await store.putObject(AT, SMALL);
    await store.putObject(AT, LARGE);
    assert.deepEqual(await store.listBuckets(), ['bucket']);
  });

  test('virtual-host style puts the bucket into the host name, on every path', async context => {
    const { server } = await setUp(context, { domain: 's3.test' });
    const { port } = new URL(server.endpoint);
    const names: string[] = [];
    const store = storeFor(
      { ...server, endpoint: `http://s3.test:${port}` },
      { addressing: 'virtual' },
      {
        lookup: (hostname, options, callback) => {
          names.push(hostname);
          if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
          else callback(null, '127.0.0.1', 4);
        },
      },
    );
    context.after(() => store.close());
    await store.putObject({ bucket: 'bucket', key: 'a b/ü+%.txt' }, SMALL);
    await store.putObject(AT, LARGE);
    assert.equal((await store.listObjects('bucket')).objects.length, 2);
    assert.deepEqual(await store.listBuckets(), ['bucket']);
    assert.deepEqual([...new Set(names)].sort(), ['bucket.s3.test', 's3.test']);
    assert.ok(server.requests.some(({ url }) => url.startsWith('/a%20b/')));
  });

  test('storage class, tags, encryption, Cache-Control, metadata, ACL and lock reach the server, for objects and uploads in parts (D-34, D-562)', async context => {
    const { server, store } = await setUp(context);
    const properties = {
      storageClass: 'STANDARD_IA',
      cacheControl: 'public, max-age=60',
      metadata: { robot: 'seven' },
      tags: { robot: 'r 1', 'ä&b': 'c=d' },
      encryption: { algorithm: 'AES256' },
      acl: 'bucket-owner-full-control',
      lock: { retention: { mode: 'governance' as const, untilMs: 86_400_123 }, legalHold: true },
    };
    await store.putObject(AT, SMALL, properties);
    await store.completeUpload(
      ...(await (async () => {
        const upload = await store.createUpload({ bucket: 'bucket', key: 'parts' }, properties);
        return [upload, [await store.uploadPart(upload, 1, SMALL)]] as const;
      })()),
    );
    for (const key of ['key', 'parts']) {
      const object = server.objects('bucket').get(key);
      assert.equal(object?.storageClass, 'STANDARD_IA');
      assert.equal(object?.encryption, 'AES256');
      assert.equal(object?.cacheControl, 'public, max-age=60');
      assert.deepEqual(object?.protection, [
        'bucket-owner-full-control',
        'GOVERNANCE',
        '1970-01-02T00:00:00.123Z',
        'ON',
      ]);
      assert.equal(object?.metadata['x-amz-meta-robot'], 'seven');
      assert.deepEqual(Object.fromEntries(new URLSearchParams(object?.tagging)), properties.tags);
    }
  });

  test('NoSuchKey for something in a multipart upload is upload_missing, as Ceph says it', async context => {
    const { server, store } = await setUp(context);
    const upload = await store.createUpload(AT);
    server.faults.add({ kind: 'error', status: 404, code: 'NoSuchKey', times: 4 });
    await assert.rejects(store.listParts(upload), fails('upload_missing'));
    await assert.rejects(store.uploadPart(upload, 1, SMALL), fails('upload_missing'));
    await assert.rejects(store.completeUpload(upload, []), fails('upload_missing'));
    await store.abortUpload(upload);
  });

  test('a lost answer to completeUpload shows as upload_missing afterwards, and HEAD tells that it is done (T-10)', async context => {
    const { server, store } = await setUp(context);
    const upload = await store.createUpload(AT);
    const part = await store.uploadPart(upload, 1, SMALL);
    server.faults.add({ kind: 'lost-answer', operation: 'CompleteMultipartUpload' });
    await assert.rejects(store.completeUpload(upload, [part]), fails(['connection_lost', 'upload_missing']));
    await assert.rejects(store.completeUpload(upload, [part]), fails('upload_missing'));
    assert.equal((await store.headObject(AT))?.size, SMALL.body.length);
  });

  test('a file that is not there or may not be read is disk_failed, and no request is left hanging', async context => {
    const { server, store } = await setUp(context);
    const folder = temporaryDirectory(context, 'sluice-faults');
    for (const size of [10, 3 * 1024 * 1024]) {
      const path = join(folder, 'nothing-here');
      await assert.rejects(store.putObject(AT, { path, size }), fails('disk_failed'));
    }
    await writeFile(join(folder, 'good'), 'good');
    await store.putObject(AT, { path: join(folder, 'good'), size: 4 });
    assert.equal((await server.read('bucket', 'key')).toString(), 'good');
  });
});
