import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import type { ObjectStore } from '../../../src/keep/buckets/bucket.ts';
import type { S3Profile } from '../../../src/keep/buckets/s3/profile.ts';
import { fails } from '../../suites/bucket-suite.ts';
import { storeFor } from '../../support/s3-profile.ts';
import type { Quirks, RefusableRequest, RefusalOf } from '../../support/s3-server/faults.ts';
import { type S3TestServer, startS3Server } from '../../support/s3-server/server.ts';

const SMALL = { body: Buffer.from('small') };
const LARGE = { body: randomBytes(3 * 1024 * 1024) };
const AT = { bucket: 'bucket', key: 'key' };

async function setUp(
  context: TestContext,
  quirks: Quirks,
  profile: Partial<S3Profile> = {},
): Promise<{ server: S3TestServer; store: ObjectStore }> {
  const server = await startS3Server({ quirks, buckets: ['bucket', 'other'] });
  const store = storeFor(server, { expectContinue: false, ...profile });
  context.after(async () => {
    await server.stop();
    await store.close();
  });
  return { server, store };
}

const isBody = ({ operation }: RefusableRequest): boolean =>
  operation === 'PutObject' || operation === 'UploadPart';
const isStreamed = ({ headers }: RefusableRequest): boolean =>
  String(headers['x-amz-content-sha256']).startsWith('STREAMING');

/** How each body was sent so far. */
function waysOf(server: S3TestServer): string[] {
  return server.requests
    .filter(isBody)
    .map(request =>
      isStreamed(request)
        ? 'trailer'
        : request.headers['x-amz-checksum-crc32'] !== undefined
          ? 'header'
          : request.headers['content-md5'] !== undefined
            ? 'md5'
            : 'sha256',
    );
}

const refusesStreamed =
  (status: number, code: string, message?: string): Quirks['refuses'] =>
  request =>
    isBody(request) && isStreamed(request) ? { status, code, message } : undefined;

describe('a way of sending is left on evidence that it is the cause (T-106)', () => {
  const suspicious: Record<string, Quirks['refuses']> = {
    'a signature that does not match': refusesStreamed(403, 'SignatureDoesNotMatch'),
    'no permission': refusesStreamed(403, 'AccessDenied'),
    'a bad request': refusesStreamed(400, 'BadRequest'),
    'a bad digest': refusesStreamed(400, 'BadDigest'),
    'an unknown code': refusesStreamed(418, 'ShortAndStout'),
  };
  for (const [label, refuses] of Object.entries(suspicious)) {
    test(`${label} for streamed bodies alone: sent otherwise at once, left after the second (D-6, T-106)`, async context => {
      const { server, store } = await setUp(context, { refuses });
      const result = await store.putObject(AT, LARGE);
      assert.equal(result.departure, 'with the checksum before the body');
      assert.deepEqual(await server.read('bucket', 'key'), LARGE.body);
      await store.putObject(AT, LARGE);
      await store.putObject(AT, LARGE);
      assert.equal((await store.putObject(AT, SMALL)).departure, undefined);
      assert.deepEqual(waysOf(server), ['trailer', 'header', 'trailer', 'header', 'header', 'header']);
      await store.putObject({ ...AT, bucket: 'other' }, LARGE);
      assert.deepEqual(
        waysOf(server).slice(-2),
        ['trailer', 'header'],
        'other buckets are asked by themselves',
      );
    });
  }

  test('a failure of the server is laid to the streaming only when it comes again (T-106)', async context => {
    const { server, store } = await setUp(context, { refuses: refusesStreamed(500, 'InternalError') });
    await assert.rejects(store.putObject(AT, LARGE), fails('bucket_unavailable'));
    await store.putObject(AT, LARGE);
    assert.deepEqual(waysOf(server), ['trailer', 'trailer', 'header']);
  });

  test('a refusal that was chance leaves nothing behind (T-106)', async context => {
    const { server, store } = await setUp(context, {});
    server.faults.add({ kind: 'error', status: 403, code: 'AccessDenied' });
    assert.ok((await store.putObject(AT, LARGE)).departure);
    assert.equal((await store.putObject(AT, LARGE)).departure, undefined);
    assert.deepEqual(waysOf(server), ['trailer', 'header', 'trailer']);
  });

  test('what is refused in the other way as well keeps its way and its error, and is not doubled (T-106)', async context => {
    const denied: Quirks['refuses'] = request =>
      isBody(request) ? { status: 403, code: 'AccessDenied' } : undefined;
    const { server, store } = await setUp(context, { refuses: denied });
    await assert.rejects(store.putObject(AT, LARGE), fails('access_denied'));
    await assert.rejects(store.putObject(AT, LARGE), fails('access_denied'));
    assert.deepEqual(waysOf(server), ['trailer', 'header', 'trailer']);
    delete server.quirks.refuses;
    assert.equal((await store.putObject(AT, LARGE)).departure, undefined);
  });

  test('a way that was left is taken up again when the lower one is refused too (T-106)', async context => {
    const { server, store } = await setUp(context, { awsChunked: 501 });
    await store.putObject(AT, LARGE);
    delete server.quirks.awsChunked;
    server.quirks.refuses = request =>
      isBody(request) && !isStreamed(request) ? { status: 403, code: 'AccessDenied' } : undefined;
    assert.equal((await store.putObject(AT, LARGE)).departure, undefined);
    await store.putObject(AT, LARGE);
    await store.putObject(AT, LARGE);
    assert.deepEqual(waysOf(server).slice(2), ['header', 'trailer', 'header', 'trailer', 'trailer']);
  });

  test('passing trouble in the other way proves nothing (T-106)', async context => {
    const { server, store } = await setUp(context, {});
    server.faults.add(
      { kind: 'error', status: 403, code: 'AccessDenied' },
      { kind: 'error', status: 503, code: 'SlowDown' },
    );
    await assert.rejects(store.putObject(AT, LARGE), fails('slow_down'));
    await store.putObject(AT, LARGE);
    assert.deepEqual(waysOf(server), ['trailer', 'header', 'trailer']);
  });

  test('an unknown key, a full bucket and a missing one are not laid to the way (T-106)', async context => {
    const { server, store } = await setUp(context, {});
    for (const [status, code, expected] of [
      [403, 'InvalidAccessKeyId', 'bucket_auth_failed'],
      [403, 'QuotaExceeded', 'bucket_full'],
      [400, 'ExpiredToken', 'key_expired'],
      [404, 'NoSuchBucket', 'bucket_missing'],
      [413, 'EntityTooLarge', 'object_too_large'],
      [503, 'SlowDown', 'slow_down'],
    ] as const) {
      server.faults.add({ kind: 'error', status, code });
      await assert.rejects(store.putObject(AT, LARGE), fails(expected));
    }
    assert.equal(waysOf(server).length, 6);
  });
});

describe('Content-MD5 where it is asked for', () => {
  const wantsAny: Quirks['refuses'] = request => {
    const isProtected = Object.keys(request.headers).some(name =>
      /content-md5|x-amz-(checksum-|trailer)/.test(name),
    );
    return isBody(request) && !isProtected
      ? {
          status: 400,
          code: 'InvalidRequest',
          message:
            'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
        }
      : undefined;
  };
  const wantsMd5: Quirks['refuses'] = request => {
    if (!isBody(request)) return undefined;
    const sum = Object.keys(request.headers).find(name => /x-amz-(checksum|trailer)/.test(name));
    if (sum !== undefined)
      return {
        status: 400,
        code: 'InvalidArgument',
        message: `Unsupported header '${sum}' received for this API call.`,
      };
    return request.headers['content-md5'] === undefined
      ? {
          status: 400,
          code: 'InvalidRequest',
          message: 'Missing required header for this request: Content-MD5',
        }
      : undefined;
  };

  for (const transport of ['own', 'sdk'] as const) {
    test(`object lock, in a bucket whose profile sends none: small, streamed and in parts, ${transport} (D-6, T-106)`, async context => {
      const { server, store } = await setUp(
        context,
        { refuses: wantsAny },
        { checksum: 'sha256', transport },
      );
      assert.equal((await store.putObject(AT, SMALL)).departure, 'with Content-MD5 in place of a checksum');
      await store.putObject(AT, LARGE);
      const upload = await store.createUpload(AT);
      await store.completeUpload(upload, [await store.uploadPart(upload, 1, LARGE)]);
      assert.deepEqual(waysOf(server), ['sha256', 'md5', 'md5', 'md5']);
      assert.deepEqual(await server.read('bucket', 'key'), LARGE.body);
    });
  }

  test('a server that wants nothing but Content-MD5 gets it (D-6, T-106)', async context => {
    for (const source of [SMALL, LARGE]) {
      const { server, store } = await setUp(context, { refuses: wantsMd5 });
      await store.putObject(AT, source);
      await store.putObject(AT, source);
      const first = source === LARGE ? ['trailer', 'header'] : ['header'];
      assert.deepEqual(waysOf(server), [...first, 'sha256', 'md5', 'md5']);
    }
  });
});

describe('tags and storage classes that a server does not take', () => {
  const properties = { tags: { a: 'b' }, storageClass: 'GLACIER' };
  const refusing =
    (header: string, refusal: RefusalOf): Quirks['refuses'] =>
    ({ headers }) =>
      headers[header] === undefined ? undefined : refusal;
  const cases: Record<string, readonly [string, RefusalOf, string, number]> = {
    'tags, named': [
      'x-amz-tagging',
      {
        status: 501,
        code: 'NotImplemented',
        message: "Header 'x-amz-tagging' with value 'a=b' not implemented",
      },
      'without tags',
      2,
    ],
    'tags, not named': [
      'x-amz-tagging',
      {
        status: 501,
        code: 'NotImplemented',
        message: 'A header you provided implies functionality that is not implemented.',
      },
      'without tags',
      4,
    ],
    'a storage class, not named': [
      'x-amz-storage-class',
      {
        status: 501,
        code: 'NotImplemented',
        message: 'A header you provided implies functionality that is not implemented.',
      },
      'without the storage class GLACIER',
      3,
    ],
    'a storage class, as MinIO says it': [
      'x-amz-storage-class',
      { status: 400, code: 'InvalidStorageClass', message: 'Invalid storage class.' },
      'without the storage class GLACIER',
      2,
    ],
  };
  for (const [label, [header, refusal, departure, requests]] of Object.entries(cases)) {
    test(`${label}: sent without, on record, and the way of bodies is kept (D-6, D-34, T-106)`, async context => {
      const { server, store } = await setUp(context, { refuses: refusing(header, refusal) });
      const result = await store.putObject(AT, SMALL, properties);
      assert.equal(result.departure, departure);
      assert.equal(server.requests.length, requests);
      assert.equal((await store.putObject({ ...AT, bucket: 'other' }, SMALL)).departure, undefined);
      assert.equal(waysOf(server).at(-1), 'header');
    });
  }

  test('both at once, and for uploads in parts (T-106)', async context => {
    const refuses: Quirks['refuses'] = ({ headers }) =>
      headers['x-amz-tagging'] !== undefined
        ? { status: 501, code: 'NotImplemented', message: 'x-amz-tagging is not supported' }
        : headers['x-amz-storage-class'] !== undefined
          ? { status: 501, code: 'NotImplemented', message: 'x-amz-storage-class is not supported' }
          : undefined;
    const { store } = await setUp(context, { refuses });
    const departure = 'without tags, without the storage class GLACIER';
    const upload = await store.createUpload(AT, properties);
    assert.equal(upload.departure, departure);
    const part = await store.uploadPart(upload, 1, SMALL);
    assert.equal((await store.completeUpload(upload, [part])).departure, departure);
    assert.equal((await store.putObject(AT, SMALL, properties)).departure, departure);
  });

  test('encryption that a server does not offer is never left out (T-106)', async context => {
    const refusal = { status: 501, code: 'NotImplemented', message: 'not implemented' };
    const { store } = await setUp(context, { refuses: refusing('x-amz-server-side-encryption', refusal) });
    const encryption = { algorithm: 'AES256' };
    await assert.rejects(store.putObject(AT, SMALL, { encryption, ...properties }), fails('not_supported'));
  });
});

test('framing stored as content is found by its size, and not sent again (T-106)', async context => {
  const { server, store } = await setUp(context, { framing: 'stored' });
  await store.putObject(AT, LARGE);
  const sentSizes = [LARGE.body.length];
  assert.ok(((await store.headObject(AT, { sentSizes }))?.size ?? 0) > LARGE.body.length);
  const result = await store.putObject(AT, LARGE);
  assert.equal(result.departure, 'with the checksum before the body');
  assert.equal((await store.headObject(AT, { sentSizes }))?.size, LARGE.body.length);
  assert.deepEqual(await server.read('bucket', 'key'), LARGE.body);
});

test('and so is that of the larger parts of an upload (T-106)', async context => {
  const { server, store } = await setUp(context, { framing: 'stored' });
  const pieces = [randomBytes(5 * 2 ** 20), randomBytes(100)];
  const sentSizes = pieces.map(({ length }) => length);
  const send = async (): Promise<number | undefined> => {
    const upload = await store.createUpload(AT);
    const parts = [];
    for (const [index, body] of pieces.entries())
      parts.push(await store.uploadPart(upload, index + 1, { body }));
    await store.completeUpload(upload, parts);
    return (await store.headObject(AT, { sentSizes }))?.size;
  };
  const whole = Buffer.concat(pieces);
  assert.notEqual(await send(), whole.length);
  assert.equal(await send(), whole.length);
  assert.deepEqual(await server.read('bucket', 'key'), whole);
});
