import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import type { ObjectHead, UploadedPart } from '../../../src/keep/buckets/bucket.ts';
import {
  compositeCrc32,
  crc32Of,
  isMadeOf,
  isProven,
  isProvenInParts,
  wholeCrc32,
} from '../../../src/keep/buckets/checksum.ts';
import { type AcknowledgedObject, isCompleted, proveObject } from '../../../src/keep/buckets/prove.ts';
import { storeFor } from '../../support/s3-profile.ts';
import type { HeadAnswer, Quirks } from '../../support/s3-server/faults.ts';
import { startS3Server } from '../../support/s3-server/server.ts';

const AT = { bucket: 'bucket', key: 'key' };
const BODY = Buffer.from('what was sent');
const MIB = 2 ** 20;
const PIECES = [Buffer.alloc(5 * MIB, 'x'), Buffer.alloc(MIB, 'x')];

const without = (head: HeadAnswer, ...names: string[]): HeadAnswer => ({
  ...head,
  headers: Object.fromEntries(Object.entries(head.headers).filter(([name]) => !names.includes(name))),
});
const withHeaders = (head: HeadAnswer, headers: Record<string, string | number>): HeadAnswer => ({
  ...head,
  headers: { ...head.headers, ...headers },
});

/** Everything but HEAD is refused, so that HEAD, or the answer to PUT, has to do. */
const askedByHeadAlone: Quirks['refuses'] = ({ operation }) =>
  operation === 'GetObject' || operation === 'ListObjectsV2'
    ? { status: 403, code: 'AccessDenied' }
    : undefined;

interface Case {
  readonly headAs: Quirks['headAs'];
  readonly refuses?: Quirks['refuses'];
  /** Of a small object, and of one in parts: by asking alone, and where the answer to sending proves it. */
  readonly asked: string;
  readonly answered: string;
}

const TABLE: Record<string, Case> = {
  'HEAD as it should be': { headAs: head => head, asked: 'checksum', answered: 'checksum' },
  'no length': { headAs: head => without(head, 'content-length'), asked: 'checksum', answered: 'checksum' },
  'no length, and nothing else is answered': {
    headAs: head => without(head, 'content-length'),
    refuses: askedByHeadAlone,
    asked: 'checksum',
    answered: 'checksum',
  },
  'no length and no checksum': {
    headAs: head => without(head, 'content-length', 'x-amz-checksum-crc32'),
    asked: 'size',
    answered: 'checksum',
  },
  'a length of 0': {
    headAs: head => withHeaders(head, { 'content-length': 0 }),
    asked: 'checksum',
    answered: 'checksum',
  },
  'the length of something compressed': {
    headAs: head => withHeaders(head, { 'content-length': 7, 'content-encoding': 'gzip' }),
    asked: 'checksum',
    answered: 'checksum',
  },
  '204 without a word': { headAs: () => ({ status: 204, headers: {} }), asked: 'size', answered: 'checksum' },
  'a weak ETag': {
    headAs: head => withHeaders(without(head, 'x-amz-checksum-crc32'), { etag: `W/${head.headers.etag}` }),
    asked: 'size',
    answered: 'checksum',
  },
  'an ETag without quotes': {
    headAs: head => withHeaders(head, { etag: String(head.headers.etag).replaceAll('"', '') }),
    asked: 'checksum',
    answered: 'checksum',
  },
  'a checksum without padding': {
    headAs: head =>
      withHeaders(head, {
        'x-amz-checksum-crc32': String(head.headers['x-amz-checksum-crc32']).replace(/=+/, ''),
      }),
    asked: 'checksum',
    answered: 'checksum',
  },
  'a checksum without its number of parts': {
    headAs: head =>
      withHeaders(head, {
        'x-amz-checksum-crc32': String(head.headers['x-amz-checksum-crc32']).replace(/-\d+$/, ''),
      }),
    asked: 'checksum',
    answered: 'checksum',
  },
  '500 for ever': { headAs: () => ({ status: 500, headers: {} }), asked: 'size', answered: 'checksum' },
  '400 for ever': { headAs: () => ({ status: 400, headers: {} }), asked: 'size', answered: 'checksum' },
  '403 for ever': { headAs: () => ({ status: 403, headers: {} }), asked: 'size', answered: 'checksum' },
  'a redirect elsewhere': {
    headAs: () => ({ status: 302, headers: { location: 'http://cdn.example/' } }),
    asked: 'size',
    answered: 'checksum',
  },
  '500 for ever, and nothing else is answered': {
    headAs: () => ({ status: 500, headers: {} }),
    refuses: askedByHeadAlone,
    asked: 'bucket_unavailable',
    answered: 'checksum',
  },
  '403 for ever, and nothing else is answered': {
    headAs: () => ({ status: 403, headers: {} }),
    refuses: askedByHeadAlone,
    asked: 'access_denied',
    answered: 'checksum',
  },
  '404 for HEAD alone': { headAs: () => ({ status: 404, headers: {} }), asked: 'size', answered: 'checksum' },
  '404 for HEAD, and nothing else is answered': {
    headAs: () => ({ status: 404, headers: {} }),
    refuses: askedByHeadAlone,
    asked: 'object_missing',
    answered: 'object_missing',
  },
  '404 for whichever question': {
    headAs: () => ({ status: 404, headers: {} }),
    refuses: ({ operation }) => (operation === 'GetObject' ? { status: 404, code: 'NoSuchKey' } : undefined),
    asked: 'object_missing',
    answered: 'object_missing',
  },
  'another length': {
    headAs: head => withHeaders(head, { 'content-length': 3 }),
    asked: 'checksum_mismatch',
    answered: 'checksum_mismatch',
  },
  'another checksum': {
    headAs: head => withHeaders(head, { 'x-amz-checksum-crc32': crc32Of(Buffer.from('something else')) }),
    asked: 'checksum_mismatch',
    answered: 'checksum_mismatch',
  },
};

async function setUp(context: TestContext, quirks: Quirks) {
  const server = await startS3Server({ quirks });
  const store = storeFor(server);
  context.after(async () => {
    await server.stop();
    await store.close();
  });
  return { server, store };
}

async function sendSmall(store: ReturnType<typeof storeFor>): Promise<AcknowledgedObject> {
  const result = await store.putObject(AT, { body: BODY });
  const crc32 = crc32Of(BODY);
  assert.ok(isProven(result, crc32, BODY));
  return { at: AT, etag: result.etag, expected: { size: BODY.length, crc32 }, isAnswered: true };
}

async function sendParts(store: ReturnType<typeof storeFor>): Promise<AcknowledgedObject> {
  const upload = await store.createUpload(AT);
  const parts: UploadedPart[] = [];
  for (const [index, body] of PIECES.entries())
    parts.push(await store.uploadPart(upload, index + 1, { body }));
  const result = await store.completeUpload(upload, parts);
  assert.ok(isProvenInParts(result, parts));
  return {
    at: AT,
    etag: result.etag,
    expected: { size: 6 * MIB, crc32: wholeCrc32(parts), parts },
    isAnswered: true,
  };
}

describe('proof that an object arrived, without sending it again (T-105)', () => {
  for (const [label, { headAs, refuses, asked, answered }] of Object.entries(TABLE)) {
    test(`${label}: ${asked} by asking, ${answered} where the answer proves it (D-29, T-105)`, async context => {
      const { server, store } = await setUp(context, { headAs, refuses });
      for (const send of [sendSmall, sendParts]) {
        const object = await send(store);
        const puts = server.requests.filter(({ method }) => method === 'PUT').length;
        const proofOf = (isAnswered: boolean): Promise<string> =>
          proveObject(store, { ...object, isAnswered }, { checksum: true }).catch((error: unknown) => {
            assert.ok(error instanceof SluiceError, String(error));
            if (error.code !== 'access_denied') assert.equal(error.answer, 'retry', error.message);
            return error.code;
          });
        assert.equal(await proofOf(false), asked, send.name);
        assert.equal(await proofOf(true), answered, send.name);
        assert.equal(server.requests.filter(({ method }) => method === 'PUT').length, puts);
      }
    });
  }

  test("the CRC32 of the last part alone is no proof, and nothing against it: the parts' own ETags show it (D-29, T-105)", async context => {
    const last = crc32Of(PIECES[1] as Buffer);
    const { store } = await setUp(context, {
      headAs: head => withHeaders(head, { 'x-amz-checksum-crc32': last }),
    });
    const object = await sendParts(store);
    assert.equal(await proveObject(store, { ...object, isAnswered: false }, { checksum: true }), 'size');
    assert.equal(await proveObject(store, object, { checksum: true }), 'checksum');
  });

  test('a PUT that was acknowledged without an ETag is asked for (D-29, T-105)', async context => {
    const { store } = await setUp(context, {});
    const object = { ...(await sendSmall(store)), etag: '', isAnswered: false };
    assert.equal(await proveObject(store, object, { checksum: true }), 'checksum');
  });
});

describe('a completion whose answer was lost (T-10, T-105)', () => {
  const parts: UploadedPart[] = PIECES.map((body, index) => ({
    partNumber: index + 1,
    etag: `"${hash('md5', body, 'hex')}"`,
    size: body.length,
    crc32: crc32Of(body),
  }));
  const expected = { size: 6 * MIB, crc32: wholeCrc32(parts), parts };
  const since = { startedAtMs: Date.parse('2026-05-01T12:00:00Z'), mtime: '1767225600' };
  const head: ObjectHead = { size: 6 * MIB, etag: '"x-2"', lastModifiedMs: 0, metadata: {} };

  test('it is taken for done where nothing shows an older object (T-10, T-105)', () => {
    assert.ok(
      isCompleted({ ...head, crc32: compositeCrc32(parts.map(part => part.crc32 ?? '')) }, expected, since),
    );
    assert.ok(isCompleted(head, expected, since));
    assert.ok(isCompleted({ ...head, metadata: { mtime: since.mtime } }, expected, since));
    assert.ok(isCompleted({ ...head, lastModifiedMs: since.startedAtMs + 1000 }, expected, since));
  });

  test('and not where something does (T-10, T-105)', () => {
    assert.ok(!isCompleted({ ...head, size: 6 * MIB - 1 }, expected, since));
    assert.ok(!isCompleted({ ...head, crc32: 'AAAAAQ==' }, expected, since));
    assert.ok(!isCompleted({ ...head, metadata: { mtime: '1' } }, expected, since));
    assert.ok(!isCompleted({ ...head, lastModifiedMs: since.startedAtMs - 3_600_000 }, expected, since));
    assert.ok(!isCompleted({ ...head, etag: '"x-3"' }, expected, since));
    assert.ok(!isCompleted({ ...head, etag: '"plain"' }, expected, since));
  });

  test("an upload's ETag is known by those of its parts (T-105)", () => {
    const md5s = Buffer.from(parts.map(({ etag }) => etag.replaceAll('"', '')).join(''), 'hex');
    const etag = `"${hash('md5', md5s, 'hex')}-2"`;
    assert.ok(isMadeOf(etag, parts.toReversed()));
    assert.ok(!isMadeOf(etag.replace('-2', '-3'), parts));
    assert.ok(!isMadeOf(etag, parts.slice(1)));
    assert.ok(!isMadeOf(etag, []));
    assert.ok(!isMadeOf('"opaque-2"', [{ ...(parts[0] as UploadedPart), etag: '"opaque"' }]));
  });
});
