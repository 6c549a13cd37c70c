import assert from 'node:assert/strict';
import { createHash, createHmac, hash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { type TestContext, test } from 'node:test';
import { SignatureV4 } from '@smithy/signature-v4';
import { type S3ServerOptions, type S3TestServer, startS3Server } from './server.ts';

interface Answered {
  readonly status: number;
  readonly body: string;
}

async function setUp(context: TestContext, options: S3ServerOptions = {}): Promise<S3TestServer> {
  const server = await startS3Server(options);
  context.after(() => server.stop());
  return server;
}

/** Sends exactly these headers and bytes. */
function send(
  server: S3TestServer,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: Buffer | string,
): Promise<Answered> {
  const { port } = new URL(server.endpoint);
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, method, path, headers }, response => {
      const chunks: Buffer[] = [];
      response.on('data', chunk => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

class Sha256 {
  readonly #hash;
  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    const bytes = typeof key === 'string' || key === undefined ? key : Buffer.from(key as Uint8Array);
    this.#hash = bytes === undefined ? createHash('sha256') : createHmac('sha256', bytes);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest());
  }
  reset(): void {}
}

/** Amazon's own signer. */
function signerFor({ region, credential }: S3TestServer): SignatureV4 {
  return new SignatureV4({
    service: 's3',
    region,
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
    credentials: credential,
  });
}

/** Headers signed by it. */
async function signed(
  server: S3TestServer,
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<Record<string, string>> {
  const { host } = new URL(server.endpoint);
  const signer = signerFor(server);
  const result = await signer.sign({
    method,
    protocol: 'http:',
    hostname: '127.0.0.1',
    path,
    headers: { host, ...headers },
  });
  return result.headers;
}

const BODY = 'hello, world';
const SHA256 = hash('sha256', BODY, 'hex');
const CRC32 = '/6tyOg==';

test('a good PUT is taken; each lie about it is refused and stores nothing', async context => {
  const server = await setUp(context);
  const good = await signed(server, 'PUT', '/bucket/a', {
    'x-amz-content-sha256': SHA256,
    'x-amz-checksum-crc32': CRC32,
  });
  assert.equal((await send(server, 'PUT', '/bucket/a', good, BODY)).status, 200);

  const lies: [string, string, Promise<Record<string, string>>, string, string][] = [
    ['another key', 'SignatureDoesNotMatch', Promise.resolve(good), '/bucket/b', BODY],
    [
      'another body',
      'XAmzContentSHA256Mismatch',
      signed(server, 'PUT', '/bucket/b', { 'x-amz-content-sha256': SHA256 }),
      '/bucket/b',
      'hello, World',
    ],
    [
      'a header added',
      'AccessDenied',
      signed(server, 'PUT', '/bucket/b', { 'x-amz-content-sha256': SHA256 }).then(headers => ({
        ...headers,
        'x-amz-meta-a': '1',
      })),
      '/bucket/b',
      BODY,
    ],
    [
      'a wrong CRC32',
      'BadDigest',
      signed(server, 'PUT', '/bucket/b', {
        'x-amz-content-sha256': SHA256,
        'x-amz-checksum-crc32': 'AAAAAA==',
      }),
      '/bucket/b',
      BODY,
    ],
    [
      'a wrong MD5',
      'BadDigest',
      signed(server, 'PUT', '/bucket/b', {
        'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
        'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==',
      }),
      '/bucket/b',
      BODY,
    ],
    [
      'a strange payload hash',
      'InvalidArgument',
      signed(server, 'PUT', '/bucket/b', { 'x-amz-content-sha256': 'TRUST-ME' }),
      '/bucket/b',
      BODY,
    ],
    ['no signature', 'AccessDenied', Promise.resolve({}), '/bucket/b', BODY],
  ];
  for (const [label, code, headers, path, body] of lies) {
    const answer = await send(server, 'PUT', path, await headers, body);
    assert.ok(answer.status >= 400, label);
    assert.match(answer.body, new RegExp(`<Code>${code}</Code>`), label);
  }
  assert.deepEqual([...server.objects('bucket').keys()], ['a']);
});

test('aws-chunked with a trailer: framing, length, trailer and CRC32 are all checked', async context => {
  const server = await setUp(context);
  const chunked = async (framed: string, declared = BODY.length): Promise<Answered> => {
    const headers = await signed(server, 'PUT', '/bucket/c', {
      'content-encoding': 'aws-chunked',
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': String(declared),
      'x-amz-trailer': 'x-amz-checksum-crc32',
    });
    return send(server, 'PUT', '/bucket/c', { ...headers, 'content-length': String(framed.length) }, framed);
  };
  const bad: [string, string, number?][] = [
    [`c\r\n${BODY}\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n`, 'BadDigest'],
    [`c\r\n${BODY}\r\n0\r\n\r\n`, 'MalformedTrailerError'],
    [`c\r\n${BODY}\r\n`, 'IncompleteBody'],
    [`b\r\n${BODY}\r\n0\r\nx-amz-checksum-crc32:${CRC32}\r\n\r\n`, 'InvalidRequest'],
    [`zz\r\n${BODY}\r\n0\r\nx-amz-checksum-crc32:${CRC32}\r\n\r\n`, 'InvalidRequest'],
    [`c\r\n${BODY}\r\n0\r\nx-amz-checksum-crc32:${CRC32}\r\n\r\n`, 'IncompleteBody', 13],
    [`c\r\n${BODY}\r\n0\r\nx-amz-checksum-crc32:${CRC32}\r\n\r\nmore`, 'InvalidRequest'],
  ];
  for (const [framed, code, declared] of bad) {
    const answer = await chunked(framed, declared);
    assert.match(answer.body, new RegExp(`<Code>${code}</Code>`), JSON.stringify(framed));
  }
  assert.equal(server.objects('bucket').size, 0);
  const good = await chunked(`5\r\nhello\r\n7\r\n, world\r\n0\r\nx-amz-checksum-crc32:${CRC32}\r\n\r\n`);
  assert.equal(good.status, 200, good.body);
  assert.equal((await server.read('bucket', 'c')).toString(), BODY);
});

/** Amazon S3 API reference, "Signature Calculations … Transferring Payload in Multiple Chunks", its example. */
test("Amazon's published example of signed chunks is taken, and refused with one byte changed", async context => {
  const server = await setUp(context, {
    buckets: ['examplebucket'],
    credentials: [
      { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
    ],
    nowMs: () => Date.parse('2013-05-24T00:00:00Z'),
  });
  const headers = {
    host: 's3.amazonaws.com',
    'x-amz-date': '20130524T000000Z',
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'content-encoding': 'aws-chunked',
    'x-amz-decoded-content-length': '66560',
    'content-length': '66824',
  };
  const framed = (letter: string): string =>
    [
      `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n${'a'.repeat(65_536)}\r\n`,
      `400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n${letter.repeat(1024)}\r\n`,
      '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n',
    ].join('');
  const path = '/examplebucket/chunkObject.txt';
  assert.match((await send(server, 'PUT', path, headers, framed('b'))).body, /SignatureDoesNotMatch/);
  const answer = await send(server, 'PUT', path, headers, framed('a'));
  assert.equal(answer.status, 200, answer.body);
  assert.equal((await server.read('examplebucket', 'chunkObject.txt')).length, 66_560);
});

test('multipart: part order, ETags, sizes and announced checksums are checked on completion', async context => {
  const server = await setUp(context);
  const call = async (
    method: string,
    query: Record<string, string>,
    body: string,
    extra: Record<string, string> = {},
  ): Promise<Answered> => {
    const { host } = new URL(server.endpoint);
    const signer = signerFor(server);
    const headers = { host, 'x-amz-content-sha256': hash('sha256', body, 'hex'), ...extra };
    const result = await signer.sign({
      method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      path: '/bucket/m',
      query,
      headers,
    });
    return send(server, method, `/bucket/m?${new URLSearchParams(query)}`, result.headers, body);
  };
  const started = await call('POST', { uploads: '' }, '');
  const uploadId = /<UploadId>(.*?)</.exec(started.body)?.[1] ?? '';
  for (const partNumber of ['1', '2'])
    assert.equal((await call('PUT', { partNumber, uploadId }, BODY)).status, 200);
  assert.match((await call('PUT', { partNumber: '0', uploadId }, BODY)).body, /InvalidArgument/);
  const etag = createHash('md5').update(BODY).digest('hex');
  const part = (number: number, tag = etag) =>
    `<Part><PartNumber>${number}</PartNumber><ETag>"${tag}"</ETag></Part>`;
  const complete = async (parts: string): Promise<string> =>
    /<Code>(.*?)</.exec(
      (await call('POST', { uploadId }, `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`)).body,
    )?.[1] ?? 'done';
  assert.equal(await complete(part(2) + part(1)), 'InvalidPartOrder');
  assert.equal(await complete(part(1, '0'.repeat(32))), 'InvalidPart');
  assert.equal(await complete(part(3)), 'InvalidPart');
  assert.equal(await complete(part(1) + part(2)), 'EntityTooSmall');
  assert.equal(await complete(''), 'MalformedXML');
  assert.equal(server.objects('bucket').size, 0);
  assert.equal(await complete(part(2)), 'done');
  assert.match(server.objects('bucket').get('m')?.etag ?? '', /-1"$/);
  assert.equal(await complete(part(2)), 'NoSuchUpload');
});
