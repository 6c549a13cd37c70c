import assert from 'node:assert/strict';
import { get, type IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { systemClock } from '../../src/base/clock.ts';
import { createApp } from '../../src/server/app.ts';
import { createHttpServer } from '../../src/server/http-server.ts';
import { chooseCoding, hasContent } from '../../src/server/negotiation.ts';
import { appOptions } from '../support/served-app.ts';
import { stationStub } from '../support/station-stub.ts';

test('the coding of an answer is the one that the client likes best, and none where it says nothing (S-200)', () => {
  const cases: [string | undefined, ReturnType<typeof chooseCoding>][] = [
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZIP;q=0.5 , br ; q=0.4', 'gzip'],
    ['br;q=0, gzip;q=0', 'identity'],
    ['br;q=0.0, *', 'gzip'],
    ['*', 'br'],
    ['*;q=0', 'identity'],
    ['identity, gzip;q=0.5', 'identity'],
    ['identity;q=0.5, gzip;q=0.5', 'gzip'],
    ['identity;q=0, gzip;q=0.001', 'gzip'],
    ['identity;q=0', 'identity'],
    ['gzip;q=2, br;q=x', 'identity'],
    ['deflate, compress', 'identity'],
    [',, ;q=1, gzip', 'gzip'],
  ];
  for (const [header, expected] of cases)
    assert.equal(chooseCoding(header, ['br', 'gzip']), expected, String(header));
});

test('If-None-Match is a list of tags, weak or not, or everything (S-200)', () => {
  const tag = 'W/"abc"';
  for (const header of ['W/"abc"', '"abc"', '"x", W/"abc"', '"a,b","abc"', '*', ' * '])
    assert.equal(hasContent(header, tag), true, header);
  for (const header of [undefined, '', '"ab"', 'abc', '"x,abc"', '"*"'])
    assert.equal(hasContent(header, tag), false, String(header));
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Asks with no headers but those given: `fetch` would add some and unpack. */
function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get(url, { headers, method, agent: false }, response => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    }).on('error', reject);
  });
}

test('pages and lists go out compressed, and as 304 where they are known, with all that belongs to either (S-200)', async t => {
  const stub = stationStub();
  const record = { id: 1, size: 5, nextAttemptAtMs: null, errorCode: null, removedAtMs: null };
  const deliveries: unknown[] = Array.from({ length: 100 }, (_, id) => ({ ...record, id }));
  const list = () => deliveries as ReturnType<typeof stub.deliveries.list>;
  const station = { ...stub, deliveries: { ...stub.deliveries, list } };
  const server = createHttpServer({
    app: createApp(appOptions({ station, clock: systemClock })),
    clock: systemClock,
    host: '127.0.0.1',
    port: 0,
    requestTimeoutMs: 10_000,
  });
  await server.start();
  t.after(() => server.stop());

  const { body: page } = await ask(server.url());
  const [script = '', style = ''] = ['js', 'css'].map(
    ending => new RegExp(`"(/assets/main[^"]+\\.${ending})"`).exec(String(page))?.[1],
  );
  for (const [path, coding, unpack] of [
    ['/', 'br', brotliDecompressSync],
    [script, 'br', brotliDecompressSync],
    [style, 'gzip', gunzipSync],
    ['/api/v1/deliveries', 'gzip', gunzipSync],
  ] as const) {
    const url = server.url() + path;
    const plain = await ask(url);
    assert.deepEqual([plain.status, plain.headers['content-encoding']], [200, undefined], path);
    assert.equal(plain.headers['content-length'], String(plain.body.length));
    // What is in an asset never changes, and its name changes with it.
    const caching = path.startsWith('/assets/') ? /immutable/ : /no-cache/;
    assert.match(plain.headers['cache-control'] ?? '', caching);
    assert.equal(plain.headers.vary, 'Accept-Encoding');

    const accept = { 'accept-encoding': coding };
    const packed = await ask(url, accept);
    assert.equal(packed.headers['content-encoding'], coding, path);
    assert.ok(packed.body.length < plain.body.length / 2, path);
    assert.deepEqual(unpack(packed.body), plain.body);
    assert.equal(packed.headers['content-length'], String(packed.body.length));
    assert.equal(packed.headers['content-type'], plain.headers['content-type']);
    assert.match(String(packed.headers['content-security-policy']), /default-src 'none'/);

    const head = await ask(url, accept, 'HEAD');
    assert.deepEqual([head.status, head.body.length], [200, 0]);
    for (const name of ['content-length', 'content-encoding', 'content-type', 'etag', 'vary'])
      assert.equal(head.headers[name], packed.headers[name], `${path} ${name}`);

    const known = { ...accept, 'if-none-match': `"other", ${packed.headers.etag}` };
    for (const method of ['GET', 'HEAD']) {
      const again = await ask(url, known, method);
      assert.deepEqual([again.status, again.body.length], [304, 0], path);
      for (const name of ['etag', 'cache-control', 'vary', 'content-security-policy'])
        assert.equal(again.headers[name], packed.headers[name], `${path} ${name}`);
      assert.equal(again.headers['content-type'], undefined);
    }
    // A part is not served, and whoever asks for one is told so by the whole.
    const part = await ask(url, { range: 'bytes=0-3', 'if-range': String(plain.headers.etag) });
    assert.deepEqual([part.status, part.headers['accept-ranges']], [200, 'none']);
    assert.deepEqual(part.body, plain.body);
  }

  const url = `${server.url()}/api/v1/deliveries`;
  const { etag } = (await ask(url)).headers;
  deliveries.pop();
  assert.equal((await ask(url, { 'if-none-match': String(etag) })).status, 200);
  const short = await ask(`${server.url()}/api/v1/deliveries/99`, {
    'accept-encoding': 'gzip',
    'if-none-match': '*',
  });
  assert.deepEqual(
    [short.status, short.headers['content-encoding'], short.headers.etag],
    [404, undefined, undefined],
  );
  assert.equal(short.headers['content-type'], 'application/problem+json');
});
