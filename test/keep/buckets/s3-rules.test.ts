import assert from 'node:assert/strict';
import { createHash, createHmac, hash } from 'node:crypto';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { readRetryAfterMs } from '../../../src/base/http-headers.ts';
import {
  compositeCrc32,
  crc32Of,
  isProven,
  joinCrc32,
  verifyObject,
  wholeCrc32,
} from '../../../src/keep/buckets/checksum.ts';
import { Secret } from '../../../src/keep/buckets/credentials/secret.ts';
import { keyFault } from '../../../src/keep/buckets/names.ts';
import { readErrorAnswer } from '../../../src/keep/buckets/s3/answer.ts';
import { chunkedBlocks, chunkedLength, takeRooms } from '../../../src/keep/buckets/s3/body.ts';

import { decodeMetadata, encodeMetadata } from '../../../src/keep/buckets/s3/properties.ts';
import { routeAfterRedirect, targetOf } from '../../../src/keep/buckets/s3/route.ts';
import { Signer } from '../../../src/keep/buckets/s3/signing.ts';

function keyBytes(key: string | ArrayBuffer | ArrayBufferView): string | Uint8Array {
  if (typeof key === 'string') return key;
  return ArrayBuffer.isView(key)
    ? new Uint8Array(key.buffer, key.byteOffset, key.byteLength)
    : new Uint8Array(key);
}

/** The hash that Amazon's own signer is given. */
class Sha256 {
  readonly #hash;
  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', keyBytes(key));
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest());
  }
  reset(): void {}
}

describe('signing', () => {
  test('agrees with @smithy/signature-v4 for keys, headers, regions and times of any kind', async () => {
    const key = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
      .filter(text => keyFault(text) === undefined);
    const metadata = fc.dictionary(fc.stringMatching(/^[a-z0-9-]{1,10}$/), fc.string({ unit: 'grapheme' }));
    const nowMs = fc.integer({ min: 1_500_000_000_000, max: 4_000_000_000_000 });
    const region = fc.constantFrom('us-east-1', 'auto', 'eu-west-1');
    await fc.assert(
      fc.asyncProperty(
        key,
        metadata,
        nowMs,
        region,
        fc.boolean(),
        async (name, values, time, where, hasToken) => {
          const token = hasToken ? 'session/token==' : undefined;
          const target = targetOf(
            { endpoint: 'http://127.0.0.1:9000', addressing: 'path', region: where },
            'bucket',
            name,
          );
          const headers: Record<string, string> = {
            host: target.host,
            'x-amz-content-sha256': 'e'.repeat(64),
          };
          for (const [header, value] of Object.entries(values))
            headers[`x-amz-meta-${header}`] = encodeMetadata(value);
          const own = new Signer({
            accessKeyId: 'AK',
            secretAccessKey: new Secret('SECRET'),
            ...(token === undefined ? {} : { sessionToken: new Secret(token) }),
          }).sign({
            method: 'PUT',
            path: target.path,
            query: 'partNumber=1&uploadId=a',
            headers,
            region: where,
            nowMs: time,
          });
          const theirs = await new SignatureV4({
            service: 's3',
            region: where,
            sha256: Sha256,
            uriEscapePath: false,
            applyChecksum: false,
            credentials: {
              accessKeyId: 'AK',
              secretAccessKey: 'SECRET',
              ...(token === undefined ? {} : { sessionToken: token }),
            },
          }).sign(
            {
              method: 'PUT',
              protocol: 'http:',
              hostname: '127.0.0.1',
              path: target.path,
              query: { partNumber: '1', uploadId: 'a' },
              headers,
            },
            { signingDate: new Date(time) },
          );
          assert.equal(own.authorization, theirs.headers.authorization);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("reproduces Amazon's published PUT example", () => {
    // Amazon S3 API reference, "Authenticating Requests: Using the Authorization Header", example PUT Object.
    const signer = new Signer({
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
    });
    const signed = signer.sign({
      method: 'PUT',
      path: '/test%24file.text',
      query: '',
      region: 'us-east-1',
      nowMs: Date.parse('2013-05-24T00:00:00Z'),
      headers: {
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        host: 'examplebucket.s3.amazonaws.com',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      },
    });
    assert.match(
      signed.authorization ?? '',
      /Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd$/,
    );
  });
});

describe('checksums', () => {
  const bytes = fc.uint8Array({ maxLength: 3000 });

  test('joining the CRC32s of two runs gives that of both', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) =>
        assert.equal(joinCrc32(crc32(a), crc32(b), b.length), crc32(Buffer.concat([a, b]))),
      ),
    );
  });

  test('the whole and the composite of parts verify, in any order; anything else differs (D-29)', () => {
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 6 }), pieces => {
        const whole = Buffer.concat(pieces);
        const parts = pieces.map((piece, index) => ({
          partNumber: index + 1,
          etag: '',
          size: piece.length,
          crc32: crc32Of(piece),
        }));
        assert.equal(wholeCrc32(parts.toReversed()), crc32Of(whole));
        const head = { size: whole.length, etag: '"md5-or-not"', lastModifiedMs: 0, metadata: {} };
        const expected = { size: whole.length, crc32: crc32Of(whole), parts: parts.toReversed() };
        const composite = compositeCrc32(parts.map(part => part.crc32));
        assert.deepEqual(verifyObject({ ...head, crc32: composite }, expected), { agrees: 'checksum' });
        assert.deepEqual(verifyObject({ ...head, crc32: crc32Of(whole) }, expected), { agrees: 'checksum' });
        assert.deepEqual(verifyObject(head, expected), { agrees: 'size' });
        assert.ok('differs' in verifyObject({ ...head, size: whole.length + 1 }, expected));
        assert.ok('differs' in verifyObject({ ...head, crc32: '////+A==' }, expected));
      }),
    );
  });
});

test('the answer to a PUT proves an object by the CRC32 it names or by an MD5, and by nothing else (D-29)', () => {
  const body = Buffer.from('content');
  const crc32 = crc32Of(body);
  const md5 = hash('md5', body, 'hex');
  assert.equal(isProven({ etag: '"opaque"', confirmedCrc32: crc32 }, crc32, body), true);
  assert.equal(isProven({ etag: `"${md5}"` }, crc32, body), true);
  assert.equal(isProven({ etag: md5.toUpperCase() }, crc32, body), true);
  assert.equal(isProven({ etag: `"${md5}-1"` }, crc32, body), false);
  assert.equal(isProven({ etag: '"opaque"', crc32 }, crc32, body), false);
  assert.equal(
    isProven({ etag: `"${md5}"`, confirmedCrc32: crc32Of(Buffer.from('else')) }, crc32, body),
    false,
  );
});

describe('bodies', () => {
  for (const size of [0, 1, 15, 16, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 5_000_000]) {
    test(`an aws-chunked body of ${size} bytes is as long as announced`, async () => {
      let length = 0;
      let checksum = '';
      const body = Buffer.alloc(size, 7);
      for await (const block of chunkedBlocks({ body }, takeRooms(), value => {
        checksum = value;
      }))
        length += block.bytes.length;
      assert.equal(length, chunkedLength(size));
      assert.equal(checksum, crc32Of(body));
    });
  }

  test('metadata of any text survives a header', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => {
        const header = encodeMetadata(text);
        assert.match(header, /^[\x20-\x7e]*$/);
        assert.equal(header, header.trim());
        assert.doesNotMatch(header, / {2}/);
        assert.equal(decodeMetadata(header), text.toWellFormed());
      }),
    );
    assert.equal(decodeMetadata('100% of others'), '100% of others');
  });
});

describe('answers', () => {
  test('error documents cut anywhere are read without throwing, and never invent a code (T-2)', () => {
    const whole =
      '<?xml version="1.0"?>\n<Error><Code>SlowDown</Code><Message>a &lt;b&gt; &amp; c</Message><Region>r</Region></Error>';
    assert.equal(readErrorAnswer(503, {}, Buffer.from(whole), 0).message, 'a <b> & c');
    for (let end = 0; end <= whole.length; end += 1) {
      const { code } = readErrorAnswer(503, {}, Buffer.from(whole.slice(0, end)), 0);
      assert.ok(code === undefined || code === 'SlowDown', String(code));
    }
  });

  test('Retry-After is seconds or a date, and nothing else (D-38)', () => {
    assert.equal(readRetryAfterMs('120', 0), 120_000);
    assert.equal(readRetryAfterMs('Thu, 01 Jan 1970 00:01:00 GMT', 10_000), 50_000);
    assert.equal(readRetryAfterMs('Thu, 01 Jan 1970 00:00:00 GMT', 10_000), 0);
    assert.equal(readRetryAfterMs('soon', 0), undefined);
    assert.equal(readRetryAfterMs(undefined, 0), undefined);
  });
});

describe('routes', () => {
  const amazon = {
    endpoint: 'https://s3.us-east-1.amazonaws.com',
    addressing: 'virtual',
    region: 'us-east-1',
  } as const;

  test('path style where a bucket cannot be a host name', () => {
    assert.equal(targetOf(amazon, 'bucket', 'a b').origin, 'https://bucket.s3.us-east-1.amazonaws.com');
    assert.equal(targetOf(amazon, 'dotted.bucket', 'k').path, '/dotted.bucket/k');
    const numeric = { ...amazon, endpoint: 'http://127.0.0.1:9000' };
    assert.deepEqual(targetOf(numeric, 'bucket', 'k'), {
      origin: 'http://127.0.0.1:9000',
      host: '127.0.0.1:9000',
      path: '/bucket/k',
    });
  });

  test('redirects are followed within a provider, never to others nor to another scheme (T-7)', () => {
    const follow = (to: string) => routeAfterRedirect(amazon, 'bucket', to)?.endpoint;
    assert.equal(follow('https://bucket.s3.eu-west-1.amazonaws.com/k'), 'https://s3.eu-west-1.amazonaws.com');
    assert.equal(follow('bucket.s3-us-west-2.amazonaws.com'), 'https://s3-us-west-2.amazonaws.com');
    assert.equal(follow('http://bucket.s3.eu-west-1.amazonaws.com/k'), undefined);
    assert.equal(follow('https://amazonaws.com.attacker.example/k'), undefined);
    assert.equal(follow('https://evilamazonaws.com/k'), undefined);
    assert.equal(follow('not a url at all'), undefined);
    const local = { endpoint: 'http://10.0.0.1:9000', addressing: 'path', region: 'r' } as const;
    assert.equal(routeAfterRedirect(local, 'bucket', 'http://10.0.0.2:9000/'), undefined);
    assert.equal(
      routeAfterRedirect(local, 'bucket', 'http://10.0.0.1:9001/')?.endpoint,
      'http://10.0.0.1:9001',
    );
  });
});
