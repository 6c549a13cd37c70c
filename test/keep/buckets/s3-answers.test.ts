import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { type ErrorCode, SluiceError } from '../../../src/base/errors.ts';
import { readErrorAnswer } from '../../../src/keep/buckets/s3/answer.ts';
import { errorFromAnswer } from '../../../src/keep/buckets/s3/classify.ts';
import { errorFromTransport } from '../../../src/keep/buckets/s3/network-errors.ts';
import { refusalIn } from '../../../src/keep/buckets/s3/success.ts';
import { storeFor } from '../../support/s3-profile.ts';

interface Sent {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly method?: string;
}

/** As every header of S3's, whoever passes it on. */
const MARK = { 'x-amz-request-id': 'R1' };
const html = (status: number, title = '', headers: Record<string, string> = {}): Sent => ({
  status,
  headers: { 'content-type': 'text/html', ...MARK, ...headers },
  body: `<!DOCTYPE html>\n<html><head>${title && `<title>\n ${title}\n</title>`}</head><body>${status}</body></html>`,
});
const xml = (status: number, code: string, message = code, more = ''): Sent => ({
  status,
  headers: { 'content-type': 'application/xml', ...MARK },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${more}<RequestId>R1</RequestId></Error>`,
});
const plain = (status: number, body = '', headers: Record<string, string> = {}): Sent => ({
  status,
  headers: { ...MARK, ...headers },
  body,
});

const DENIED = xml(403, 'AccessDenied');

function errorOf({ status, headers = {}, body = '', method = 'PUT' }: Sent) {
  const answer = refusalIn({ status, headers, body: Buffer.from(body) }, method, 0, 'bucket');
  assert.ok(answer, 'taken for a success');
  return errorFromAnswer(answer, { operation: 'put object', subject: 'bucket/key', method });
}

type Expected = readonly [answer: string, code: ErrorCode, holds?: string, words?: RegExp];

const TABLE: Record<string, readonly [Sent, Expected]> = {
  'a quota of Ceph': [xml(403, 'QuotaExceeded'), ['hold', 'bucket_full', 'bucket']],
  'a quota of MinIO': [
    xml(400, 'XMinioAdminBucketQuotaExceeded', 'Bucket quota exceeded'),
    ['hold', 'bucket_full', 'bucket'],
  ],
  'full disks of MinIO': [
    xml(507, 'XMinioStorageFull', 'Storage is full.'),
    ['hold', 'bucket_full', 'bucket'],
  ],
  'a cap of B2': [xml(403, 'AccessDenied', 'storage cap exceeded'), ['hold', 'bucket_full', 'bucket']],
  'a quota of Swift': [
    xml(413, 'EntityTooLarge', 'Upload exceeds quota.'),
    ['hold', 'bucket_full', 'bucket'],
  ],
  'an object that is too large': [xml(400, 'EntityTooLarge', 'too large'), ['give-up', 'object_too_large']],
  'a quota of requests': [xml(429, 'Whatever', 'Quota exceeded for requests'), ['retry', 'slow_down']],
  'a cap of transactions': [xml(403, 'TransactionCapExceeded'), ['hold', 'bucket_full', 'bucket']],
  '507 with a code of its own': [xml(507, 'Whatever'), ['hold', 'bucket_full', 'bucket']],
  'a gateway on a full disk': [
    xml(500, 'InternalError', 'write /data/x: no space left on device'),
    ['hold', 'bucket_full', 'bucket'],
  ],
  'an expired token': [xml(400, 'ExpiredToken'), ['hold', 'key_expired', 'profile']],
  'an expired token, by another name': [
    xml(403, 'ExpiredTokenException'),
    ['hold', 'key_expired', 'profile'],
  ],
  'a token to be renewed': [xml(400, 'TokenRefreshRequired'), ['hold', 'key_expired', 'profile']],
  'a token that is not valid': [xml(400, 'InvalidToken'), ['hold', 'key_expired', 'profile']],
  'a request that has expired': [xml(403, 'RequestExpired'), ['hold', 'key_expired', 'profile']],
  'a suspended user': [xml(403, 'UserSuspended'), ['hold', 'access_denied', 'profile']],
  'an account with trouble of billing': [
    xml(403, 'UserProjectAccountProblem'),
    ['hold', 'access_denied', 'profile'],
  ],
  'an account without the service': [xml(403, 'NotEntitled'), ['hold', 'access_denied', 'profile']],
  'a disabled key of KMS': [xml(400, 'KMS.DisabledException'), ['hold', 'encryption_key_unusable', 'bucket']],
  'a key of KMS that is not there, for MinIO': [
    xml(400, 'XMinioKMSKeyNotFound'),
    ['hold', 'encryption_key_unusable', 'bucket'],
  ],
  'KMS that asks for less': [xml(400, 'KMS.ThrottlingException'), ['retry', 'slow_down']],
  'another region than the one that was tried': [
    xml(400, 'AuthorizationHeaderMalformed', 'expecting another', '<Region>eu-west-1</Region>'),
    ['hold', 'region_wrong', 'bucket'],
  ],
  'a signature that is malformed': [
    xml(400, 'AuthorizationHeaderMalformed'),
    ['give-up', 'bucket_auth_failed'],
  ],
  'an unknown key': [xml(403, 'InvalidAccessKeyId'), ['give-up', 'bucket_auth_failed']],
  'a wrong signature': [xml(403, 'SignatureDoesNotMatch'), ['give-up', 'bucket_auth_failed']],
  'no permission': [xml(403, 'AccessDenied'), ['give-up', 'access_denied']],
  'an account without access': [xml(403, 'AllAccessDisabled'), ['give-up', 'access_denied']],
  'a clock that is off': [
    xml(403, 'RequestTimeTooSkewed'),
    ['hold', 'clock_skew', 'endpoint', /this machine's clock/],
  ],
  'a bucket in another place': [xml(301, 'PermanentRedirect'), ['hold', 'region_wrong', 'bucket']],
  'a bucket that cannot be': [xml(400, 'InvalidBucketName'), ['give-up', 'key_invalid']],
  'a request that is invalid': [xml(400, 'InvalidRequest'), ['give-up', 'request_refused']],
  'a digest that differs': [xml(400, 'BadDigest'), ['retry', 'checksum_mismatch']],
  'an unknown 400': [
    xml(400, 'BadRequest', 'An error occurred when parsing the HTTP request'),
    ['retry', 'request_refused'],
  ],
  'XML that nobody sent': [xml(400, 'MalformedXML'), ['retry', 'request_refused']],
  'an unknown 403': [xml(403, 'Zwickmuehle'), ['retry', 'request_refused']],
  'an unknown 409': [xml(409, 'Konflikt'), ['retry', 'request_refused']],
  'an operation aborted': [xml(409, 'OperationAborted'), ['retry', 'bucket_unavailable']],
  'too many requests, unknown code': [xml(429, 'Langsam'), ['retry', 'slow_down']],
  'throttling under another code': [xml(400, 'ThrottledException'), ['retry', 'slow_down']],
  'a server that is busy': [xml(503, 'XMinioServerBusy'), ['retry', 'slow_down']],
  'an internal error': [xml(500, 'InternalError'), ['retry', 'bucket_unavailable']],
  'an error in a 200': [xml(200, 'InternalError'), ['retry', 'bucket_unavailable']],
  'an error after blanks in a 200': [
    { ...xml(200, 'SlowDown'), body: ` \n \n${xml(200, 'SlowDown').body}` },
    ['retry', 'slow_down'],
  ],
  'an error with a prefix': [
    { status: 403, body: '<s3:Error xmlns:s3="x"><s3:Code>QuotaExceeded</s3:Code></s3:Error>' },
    ['hold', 'bucket_full', 'bucket'],
  ],
  'an error in an older wrapping': [
    {
      status: 403,
      body: '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code></Error></ErrorResponse>',
    },
    ['give-up', 'access_denied'],
  ],
  'an error in CDATA': [
    { status: 403, body: '<Error><Code><![CDATA[AccessDenied]]></Code></Error>' },
    ['give-up', 'access_denied'],
  ],
  'half an error document': [
    { status: 403, body: '<Error><Code>AccessDenied</Code><Message>Acc' },
    ['retry', 'access_denied'],
  ],
  'an error about another bucket': [
    xml(403, 'AccessDenied', 'no', '<BucketName>elsewhere</BucketName>'),
    ['hold', 'answer_invalid', 'endpoint'],
  ],
  'an error that is gzipped': [
    {
      ...xml(403, 'AccessDenied'),
      body: gzipSync(xml(403, 'AccessDenied').body as string),
      headers: { 'content-encoding': 'gzip' },
    },
    ['give-up', 'access_denied'],
  ],
  'an error under zstd': [
    { ...DENIED, body: zstdCompressSync(DENIED.body as string), headers: { 'content-encoding': 'zstd' } },
    ['give-up', 'access_denied'],
  ],
  'an error that is gzipped twice': [
    {
      ...DENIED,
      body: gzipSync(gzipSync(DENIED.body as string)),
      headers: { 'content-encoding': 'gzip, gzip' },
    },
    ['give-up', 'access_denied'],
  ],
  'an error that only says it is gzipped': [
    { ...DENIED, headers: { 'content-encoding': 'gzip' } },
    ['give-up', 'access_denied'],
  ],
  'a gzipped error without its end': [
    {
      ...DENIED,
      body: gzipSync(DENIED.body as string, { level: 0 }).subarray(0, -20),
      headers: { 'content-encoding': 'gzip' },
    },
    ['retry', 'access_denied'],
  ],
  'no words, but a mark': [plain(403), ['hold', 'answer_invalid', 'endpoint']],
  'no words to HEAD, but a mark': [{ ...plain(403), method: 'HEAD' }, ['give-up', 'access_denied']],
  'no words to HEAD, and no mark': [{ status: 403, method: 'HEAD' }, ['hold', 'answer_invalid', 'endpoint']],
  '400 to HEAD': [{ ...plain(400), method: 'HEAD' }, ['retry', 'request_refused']],
  '500 without words, with a mark': [plain(500), ['retry', 'bucket_unavailable']],
  '500 without words': [{ status: 500 }, ['hold', 'answer_invalid', 'endpoint']],
  'a mark of a content network': [
    { status: 503, headers: { 'x-amz-cf-id': 'x' } },
    ['hold', 'answer_invalid', 'endpoint'],
  ],
  'a page of a proxy, 403': [
    html(403, 'Blocked by policy'),
    ['hold', 'answer_invalid', 'endpoint', /"Blocked by policy"/],
  ],
  'a page of a proxy, 401': [html(401), ['hold', 'answer_invalid', 'endpoint', /web page/]],
  'a proxy that wants a password': [
    html(407),
    ['hold', 'answer_invalid', 'endpoint', /proxy wants a user name/],
  ],
  'a page of a proxy, 404': [html(404), ['hold', 'answer_invalid', 'endpoint']],
  'a page of a proxy, 405': [html(405), ['hold', 'answer_invalid', 'endpoint']],
  'a page of a proxy, 400': [html(400), ['hold', 'answer_invalid', 'endpoint']],
  'a redirect to a portal': [
    plain(307, '', { location: 'http://portal.example/login?token=secret' }),
    ['hold', 'answer_invalid', 'endpoint', /redirect to http:\/\/portal\.example\/login \(HTTP 307\)$/],
  ],
  'a redirect to a portal, with a page': [
    html(301, 'Moved', { location: 'https://portal.example/' }),
    ['hold', 'answer_invalid', 'endpoint', /portal\.example/],
  ],
  'a redirect with 302': [
    plain(302, '', { location: '/login' }),
    ['hold', 'answer_invalid', 'endpoint', /"\/login"/],
  ],
  'a page with 200': [html(200, 'Welcome'), ['hold', 'answer_invalid', 'endpoint', /"Welcome"/]],
  'a page with 200 and an ETag': [
    html(200, 'Welcome', { etag: '"x"' }),
    ['hold', 'answer_invalid', 'endpoint'],
  ],
  'a page with 200 to HEAD': [
    { status: 200, headers: { 'content-type': 'text/html' }, method: 'HEAD' },
    ['hold', 'answer_invalid', 'endpoint'],
  ],
  'JSON with 200': [
    plain(200, '{"ok":true}', { 'content-type': 'application/json' }),
    ['hold', 'answer_invalid', 'endpoint', /JSON/],
  ],
  'JSON of a gateway': [
    plain(403, '{"message":"Forbidden"}', { 'content-type': 'application/json' }),
    ['hold', 'answer_invalid', 'endpoint', /Forbidden/],
  ],
  'nothing with 200': [{ status: 200 }, ['hold', 'answer_invalid', 'endpoint']],
  'a network that wants a login': [html(511), ['hold', 'answer_invalid', 'endpoint', /log in/]],
  'a host name that is not served': [plain(421), ['hold', 'answer_invalid', 'endpoint', /host name/]],
  'a balancer, 502': [html(502), ['hold', 'answer_invalid', 'endpoint']],
  'a balancer, 504': [html(504), ['hold', 'answer_invalid', 'endpoint']],
  'a content network, 520': [html(520), ['hold', 'answer_invalid', 'endpoint']],
  'a bare 409': [plain(409), ['hold', 'answer_invalid', 'endpoint']],
  'a bare 423': [plain(423), ['hold', 'answer_invalid', 'endpoint']],
  'a bare 402': [plain(402), ['hold', 'answer_invalid', 'endpoint']],
  'a bare 425': [plain(425), ['retry', 'slow_down']],
  'a bare 408': [plain(408), ['retry', 'timed_out']],
  'a bare 429': [{ status: 429 }, ['retry', 'slow_down']],
  '403 with a time': [html(403, 'x', { 'retry-after': '7' }), ['retry', 'bucket_unavailable']],
  '503 with a time': [html(503, 'x', { 'retry-after': '7' }), ['retry', 'bucket_unavailable']],
  '101': [{ status: 101 }, ['hold', 'answer_invalid', 'endpoint']],
  'text that is no XML': [
    plain(404, '404 page not found\n'),
    ['hold', 'answer_invalid', 'endpoint', /404 page not found/],
  ],
  'XML that is not S3': [
    plain(404, '<?xml version="1.0"?><D:error xmlns:D="DAV:"/>'),
    ['hold', 'answer_invalid', 'endpoint'],
  ],
  'a page that is gzipped': [
    {
      status: 403,
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync('<html><title>Zipped</title></html>'),
    },
    ['hold', 'answer_invalid', 'endpoint', /"Zipped"/],
  ],
  'a page under deflate': [
    {
      status: 403,
      headers: { 'content-encoding': 'deflate' },
      body: deflateSync('<html><title>Flat</title></html>'),
    },
    ['hold', 'answer_invalid', 'endpoint', /"Flat"/],
  ],
  'a page under br': [
    {
      status: 403,
      headers: { 'content-encoding': 'br' },
      body: brotliCompressSync('<html><title>Bread</title></html>'),
    },
    ['hold', 'answer_invalid', 'endpoint', /"Bread"/],
  ],
  'what is not what it says': [
    { status: 403, headers: { 'content-encoding': 'gzip' }, body: '<html>' },
    ['hold', 'answer_invalid', 'endpoint'],
  ],
};

describe('whose word an answer is', () => {
  for (const [label, [sent, [answer, code, holds, words]]] of Object.entries(TABLE)) {
    const place = holds === undefined ? '' : ` the ${holds}`;
    test(`${label}: ${answer}${place}, ${code} (D-36, T-2, T-100, T-101)`, () => {
      const error = errorOf(sent);
      assert.deepEqual([error.answer, error.code, error.holds], [answer, code, holds], error.message);
      if (words !== undefined) assert.match(error.message, words);
      assert.doesNotMatch(error.message, /secret/);
    });
  }

  test('the time that was asked for reaches the error (D-38)', () => {
    for (const [status, body] of [
      [503, ''],
      [403, '<html>'],
      [425, ''],
      [429, ''],
    ] as const) {
      assert.equal(errorOf({ status, body, headers: { 'retry-after': '7' } }).retryAfterMs, 7000);
    }
    assert.equal(errorOf({ ...xml(503, 'SlowDown'), headers: { 'retry-after': '9' } }).retryAfterMs, 9000);
  });

  test('a time that was asked for as a date is one of the clock of whoever answers (T-600)', () => {
    const theirsMs = Date.parse('2031-03-04T05:06:07Z');
    const inSevenSeconds = { 'retry-after': new Date(theirsMs + 7000).toUTCString() };
    const date = new Date(theirsMs).toUTCString();
    // This machine's clock is decades behind theirs.
    assert.equal(
      errorOf({ ...xml(503, 'SlowDown'), headers: { ...inSevenSeconds, date } }).retryAfterMs,
      7000,
    );
    const past = { 'retry-after': new Date(theirsMs - 7000).toUTCString(), date };
    assert.equal(errorOf({ ...xml(503, 'SlowDown'), headers: past }).retryAfterMs, 0);
    const undated = readErrorAnswer(503, inSevenSeconds, Buffer.alloc(0), theirsMs + 2000);
    assert.equal(undated.retryAfterMs, 5000);
  });

  test('no unknown code of S3, under any status, ends a file or is called a fault of ours (T-102)', () => {
    const status = fc.integer({ min: 200, max: 599 });
    const code = fc.stringMatching(/^[A-Z][a-z]{3,9}Qq$/);
    fc.assert(
      fc.property(status, code, (given, name) => {
        const error = errorOf(xml(given, name));
        assert.ok(['retry', 'hold'].includes(error.answer), `${given} ${name}: ${error.answer}`);
        assert.notEqual(error.code, 'internal');
      }),
    );
  });

  test('no answer without words of S3, under any status, ends a file; every message is one line (T-100, T-3)', () => {
    const body = fc.oneof(
      fc.uint8Array().map(bytes => Buffer.from(bytes)),
      fc.string({ unit: 'binary' }).map(text => Buffer.from(text)),
      fc.string().map(text => Buffer.from(`<html><title>${text}\n\u001b[31m</title>`)),
    );
    const status = fc.integer({ min: 100, max: 599 });
    fc.assert(
      fc.property(body, status, fc.string(), (bytes, given, location) => {
        const answer = readErrorAnswer(given, { location }, bytes, 0);
        const error = errorFromAnswer(answer, { operation: 'put', subject: 'a/b', method: 'PUT' });
        assert.ok(['retry', 'hold'].includes(error.answer), `${given}: ${error.answer}`);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
        assert.doesNotMatch(error.message, /[\u0000-\u001f\u2028\u2029]/);
      }),
    );
  });

  test("S3's own answers are no refusals", () => {
    const good: [Sent, string][] = [
      [{ status: 200, headers: { etag: '"x"' } }, 'PUT'],
      [plain(200), 'PUT'],
      [{ status: 201, headers: { etag: '"x"' } }, 'PUT'],
      [{ status: 204 }, 'DELETE'],
      [{ status: 200, headers: { etag: '"x"', 'content-type': 'text/html', 'content-length': '9' } }, 'HEAD'],
      [{ status: 200, body: '<ListBucketResult/>' }, 'GET'],
      [
        {
          status: 200,
          body: ' \n<?xml version="1.0"?><CompleteMultipartUploadResult></CompleteMultipartUploadResult>',
        },
        'POST',
      ],
      [{ status: 200, body: '<a:LocationConstraint xmlns:a="x">r</a:LocationConstraint>' }, 'GET'],
    ];
    for (const [{ status, headers = {}, body = '' }, method] of good) {
      assert.equal(
        refusalIn({ status, headers, body: Buffer.from(body) }, method, 0, 'bucket'),
        undefined,
        String(body),
      );
    }
  });
});

describe('errors of the connection', () => {
  const of = (code: string, more: object = {}) =>
    errorFromTransport(Object.assign(new Error(`raw words ${code} error:0A000126:SSL`), { code }, more), {
      operation: 'put object',
      subject: 'bucket/key',
    });

  test('lost and refused connections are passing trouble, in words of our own (D-36, T-3)', () => {
    const passing = {
      ENOTFOUND: 'host_unknown',
      EAI_AGAIN: 'host_unknown',
      ECONNREFUSED: 'host_unreachable',
      EHOSTUNREACH: 'host_unreachable',
      ENETUNREACH: 'host_unreachable',
      UND_ERR_CONNECT_TIMEOUT: 'host_unreachable',
      ECONNRESET: 'connection_lost',
      EPIPE: 'connection_lost',
      UND_ERR_SOCKET: 'connection_lost',
      UND_ERR_SOMETHING_NEW: 'connection_lost',
      ERR_STREAM_SOMETHING_NEW: 'connection_lost',
      ETIMEDOUT: 'timed_out',
    };
    for (const [code, expected] of Object.entries(passing)) {
      const error = of(code);
      assert.deepEqual([error.code, error.answer], [expected, 'retry'], code);
      assert.doesNotMatch(error.message, /raw words/);
    }
    assert.equal(of('ABORT_ERR').answer, 'cancelled');
  });

  test('TLS trouble of any kind holds the endpoint, and names what is wrong in plain words (T-100, T-3)', () => {
    const kinds: Record<string, RegExp> = {
      CERT_HAS_EXPIRED: /certificate has expired/,
      CERT_NOT_YET_VALID: /not valid yet/,
      DEPTH_ZERO_SELF_SIGNED_CERT: /signed by itself/,
      SELF_SIGNED_CERT_IN_CHAIN: /not trusted/,
      UNABLE_TO_VERIFY_LEAF_SIGNATURE: /not known here/,
      ERR_TLS_CERT_ALTNAME_INVALID: /for another host: portal\.example/,
      ERR_SSL_WRONG_VERSION_NUMBER: /something else than TLS/,
      ERR_SSL_PACKET_LENGTH_TOO_LONG: /something else than TLS/,
      ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR: /broke it off \(internal error\)/,
      'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': /broke it off \(handshake failure\)/,
      ERR_SSL_UNRECOGNIZED_NAME: /handshake failed/,
      ERR_TLS_HANDSHAKE_TIMEOUT: /handshake failed/,
      CRL_HAS_EXPIRED: /no TLS connection/,
      EPROTO: /something else than TLS/,
      ERR_OSSL_X509_SOMETHING_NEW: /no TLS connection/,
    };
    for (const [code, words] of Object.entries(kinds)) {
      const error = of(code, { cert: { subjectaltname: 'DNS:portal.example' } });
      assert.deepEqual([error.code, error.answer, error.holds], ['tls_failed', 'hold', 'endpoint'], code);
      assert.match(error.message, words);
      assert.doesNotMatch(error.message, /raw words|error:/);
    }
  });

  test('a connection that is closed in the TLS handshake is TLS trouble, not one with a file (T-100)', async context => {
    const closing = createServer(socket => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => socket.destroy());
    });
    closing.listen(0, '127.0.0.1');
    await once(closing, 'listening');
    const { port } = closing.address() as AddressInfo;
    const credential = { accessKeyId: 'A', secretAccessKey: 'S' };
    const store = storeFor({ endpoint: `https://127.0.0.1:${port}`, region: 'us-east-1', credential });
    context.after(async () => {
      await store.close();
      closing.close();
    });
    for (const size of [10, 3 * 2 ** 20]) {
      await assert.rejects(
        store.putObject({ bucket: 'bucket', key: 'key' }, { body: Buffer.alloc(size) }),
        error => {
          assert.ok(error instanceof SluiceError);
          assert.deepEqual(
            [error.code, error.answer, error.holds],
            ['tls_failed', 'hold', 'endpoint'],
            error.message,
          );
          assert.match(error.message, /closed the connection in the handshake/);
          return true;
        },
      );
    }
  });

  test('what is no HTTP holds the endpoint; a value that no header can carry holds the profile (T-100)', () => {
    for (const code of ['HPE_INVALID_CONSTANT', 'UND_ERR_HEADERS_OVERFLOW', 'ERR_ASSERTION']) {
      assert.deepEqual(
        [of(code).code, of(code).answer, of(code).holds],
        ['answer_invalid', 'hold', 'endpoint'],
      );
    }
    assert.deepEqual([of('ERR_INVALID_CHAR').answer, of('ERR_INVALID_CHAR').holds], ['hold', 'profile']);
  });

  test('errors of the file that is read keep their own codes', () => {
    assert.equal(of('ENOENT', { errno: -2, syscall: 'open', path: '/f' }).code, 'disk_failed');
    assert.equal(of('EIO', { errno: -5, syscall: 'read' }).code, 'disk_failed');
  });
});
