import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import zlib from 'node:zlib';
import { systemClock } from '../../../src/base/clock.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import { parseReading } from '../../../src/gather/capture/reading.ts';
import { ExecSource } from '../../../src/gather/capture/sources/exec/exec.ts';
import { FileSource, type FileSourceOptions } from '../../../src/gather/capture/sources/file/file.ts';
import { isHalfWritten } from '../../../src/gather/capture/sources/file/half-written.ts';
import { digestLogin, readChallenge } from '../../../src/gather/capture/sources/http/digest.ts';
import { HttpSource } from '../../../src/gather/capture/sources/http/http.ts';
import { QueryProcesses } from '../../../src/gather/capture/sources/query/processes.ts';
import type { RawReading } from '../../../src/gather/capture/sources/source.ts';
import { readingKind } from '../../support/capture.ts';
import { tempDirectory } from '../../support/temp-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const patience = () => AbortSignal.timeout(20_000);
const textOf = (raw: RawReading | undefined): string => (raw as { bytes: Buffer }).bytes.toString();
const valueIn = (raw: RawReading | undefined): unknown => {
  const reading = raw && parseReading(raw, readingKind());
  return reading?.kind === 'value' ? JSON.parse(reading.json) : reading;
};

function fileSource(path: string, change: Partial<FileSourceOptions> = {}): FileSource {
  const pause = (ms: number) => new Promise<void>(resolve => void systemClock.timer(ms, resolve));
  return new FileSource({
    path,
    format: 'auto',
    monotonicMs: systemClock.monotonicMs,
    pause,
    ...change,
  });
}

/** Read twice: the first read goes through the pool, the second one at once where that may be. */
async function readTwice(source: FileSource) {
  const pooled = await source.read(patience);
  return [pooled, await source.read(patience)] as const;
}

test('files of /proc that answer in pieces are read to their end (K-1)', async () => {
  const expected = readFileSync('/proc/self/smaps', 'utf8').split('\n').length;
  assert.ok(readFileSync('/proc/self/smaps').length > 8192, 'it comes in several pieces');
  for (const answer of await readTwice(fileSource('/proc/self/smaps'))) {
    const lines = textOf(answer).split('\n').length;
    assert.ok(Math.abs(lines - expected) < expected / 4, `${lines} lines of some ${expected}`);
  }
});

test('a device without an end is refused within its bounds; one that has nothing now is no reading (K-100)', async () => {
  for (const path of ['/dev/zero', '/dev/urandom']) {
    await assert.rejects(readTwice(fileSource(path)), {
      code: 'answer_too_large',
      message: `${path}: it is larger than a reading may be (16 MiB), or has no end`,
    });
  }
  assert.deepEqual(await readTwice(fileSource('/dev/null')), [undefined, undefined]);
});

test('a pipe yields what is in it, and holds up nothing when nobody writes (K-100)', async t => {
  const path = join(await tempDirectory(t), 'pipe');
  execFileSync('mkfifo', [path]);
  const source = fileSource(path);
  t.after(() => source.close());
  assert.deepEqual(await readTwice(source), [undefined, undefined]);
  // Open for both ways, so that it does not wait for a reader.
  const writer = openSync(path, 'r+');
  writeSync(writer, '42\n');
  assert.equal(textOf(await source.read(patience)), '42\n');
  assert.equal(await source.read(patience), undefined, 'it is taken once');
  writeSync(writer, '43\n');
  closeSync(writer);
});

test('who writes into a named pipe between readings neither waits nor loses it, a pipe that was made anew included (K-633)', async t => {
  const path = join(await tempDirectory(t), 'pipe');
  const source = fileSource(path);
  t.after(() => source.close());
  for (const text of ['42', '43']) {
    execFileSync('mkfifo', [path]);
    assert.equal(await source.read(patience), undefined, 'nobody has written');
    execFileSync('sh', ['-c', 'echo "$1" > "$0"', path, text], { timeout: 20_000 });
    assert.equal(textOf(await source.read(patience)), `${text}\n`);
    rmSync(path);
    await assert.rejects(async () => source.read(patience), { code: 'reading_failed' });
  }
});

test('a file that is larger than a reading is refused before it is read, and one that grows is read to where it ends (K-100)', async t => {
  const folder = await tempDirectory(t);
  const huge = join(folder, 'huge');
  writeFileSync(huge, '');
  truncateSync(huge, 2 ** 40);
  await assert.rejects(readTwice(fileSource(huge)), { code: 'answer_too_large' });
  const growing = join(folder, 'growing');
  writeFileSync(growing, 'x'.repeat(100_000));
  const source = fileSource(growing);
  assert.equal(textOf(await source.read(patience)).length, 100_000);
  appendFileSync(growing, 'more');
  assert.equal(textOf(await source.read(patience)).length, 100_004);
});

test('a socket, a link in a circle and a device that is off are said in the words of the system, never as our fault (K-101)', async t => {
  const folder = await tempDirectory(t);
  const socket = join(folder, 'socket');
  const server = createSocketServer().listen(socket);
  await new Promise(resolve => server.once('listening', resolve));
  t.after(() => server.close());
  symlinkSync('circle', join(folder, 'circle'));
  writeFileSync(join(folder, 'file'), '');
  const expected: readonly [path: string, message: RegExp][] = [
    [socket, /no such device or address \(ENXIO\)/],
    [join(folder, 'circle'), /too many symbolic links encountered \(ELOOP\)/],
    [join(folder, 'file', 'below'), /not a directory \(ENOTDIR\)/],
    ['/proc/self/mem', /i\/o error \(EIO\)/],
  ];
  for (const [path, message] of expected)
    await assert.rejects(readTwice(fileSource(path)), error => {
      assert.ok(error instanceof SluiceError);
      assert.equal(error.code, 'reading_failed', error.message);
      assert.match(error.message, message);
      return true;
    });
});

test('a read in the pool ends when its time is up or its collector stops (K-5)', async () => {
  const source = fileSource('/dev/zero');
  const abort = new AbortController();
  const reading = source.read(() => abort.signal);
  abort.abort(new SluiceError('timed_out', 'no reading within 1 ms'));
  await assert.rejects(Promise.resolve(reading), { code: 'timed_out' });
});

test('half-written JSON is told from text (K-102)', () => {
  const cases: readonly [text: string, mustBeJson: boolean, hadJson: boolean, expected: boolean][] = [
    ['{"a":1', false, false, true],
    ['[1, 2', false, false, true],
    ['{"a":1}', false, false, false],
    ['{"a":1}\n{"a":2}\n', false, false, false],
    ['{"a":1}\n{"a"', false, false, true],
    ['', false, false, false],
    ['', true, false, true],
    ['', false, true, true],
    ['41500', false, true, false],
    ['4150', true, false, false],
    ['"half', true, false, true],
    ['off', false, true, false],
  ];
  for (const [text, mustBeJson, hadJson, expected] of cases)
    assert.equal(isHalfWritten(Buffer.from(text), { mustBeJson, hadJson }), expected, text);
});

test('JSON that is being written is read again until it is whole, and never taken for text (K-102)', async t => {
  const path = join(await tempDirectory(t), 'state.json');
  writeFileSync(path, '{"a":1}');
  let onPause = (): void => undefined;
  const source = fileSource(path, { pause: async () => onPause() });
  assert.deepEqual(valueIn(await source.read(patience)), { a: 1 });
  writeFileSync(path, '');
  onPause = () => appendFileSync(path, readFileSync(path, 'utf8') === '' ? '{"a":' : '2}');
  assert.deepEqual(valueIn(await source.read(patience)), { a: 2 });
  onPause = () => undefined;
  writeFileSync(path, '{"a":');
  await assert.rejects(Promise.resolve(source.read(patience)), {
    code: 'reading_invalid',
    message: `${path}: it is half-written, or no JSON, though it was read again and again`,
  });
});

test('text that only looks like JSON stays text, once it has come to rest (K-102)', async t => {
  const path = join(await tempDirectory(t), 'log');
  writeFileSync(path, '[12:00] up and running');
  const source = fileSource(path, { pause: async () => undefined });
  assert.equal(valueIn(await source.read(patience)), '[12:00] up and running');
  const asText = fileSource(path, { format: 'text', pause: () => assert.fail('it is not read again') });
  assert.equal(textOf(await asText.read(patience)), '[12:00] up and running');
});

test('a program that leaves a child with its output has given its reading when it ends itself (K-103)', async () => {
  const startMs = systemClock.monotonicMs();
  for (const script of ['sleep 100 & echo 1', 'sleep 100 >/dev/null & echo 1', 'setsid sleep 3 & echo 1']) {
    const answer = await new ExecSource(['/bin/sh', '-c', script]).read(patience);
    assert.equal(textOf(answer), '1\n', script);
  }
  // One that goes on printing from a session of its own.
  const chatty = 'setsid sh -c "for i in 1 2 3 4 5 6 7 8; do echo more; sleep 0.2; done" & echo 1';
  assert.match(textOf(await new ExecSource(['/bin/sh', '-c', chatty]).read(patience)), /^1\n|more\n1\n/);
  assert.ok(systemClock.monotonicMs() - startMs < 8_000);
});

test('a program that prints much and ends is read to the last byte (K-103)', async () => {
  const answer = await new ExecSource(['/bin/sh', '-c', 'head -c 3000000 /dev/zero']).read(patience);
  assert.equal((answer as { bytes: Buffer }).bytes.length, 3_000_000);
  await assert.rejects(new ExecSource(['/bin/cat', '/dev/zero']).read(patience), {
    code: 'answer_too_large',
  });
});

/** Devices that answer over HTTP. @returns asks one of them */
async function serve(t: TestContext, listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return async (
    path: string,
    question: { username?: string; login?: string; headers?: Record<string, string> } = {},
  ) => {
    const { login = '', ...rest } = question;
    const source = new HttpSource({ url: `http://${login}127.0.0.1:${port}${path}`, ...rest });
    try {
      return await source.read(patience);
    } finally {
      await source.close();
    }
  };
}

test('answers over HTTP are decoded by their coding and their charset (K-104)', async t => {
  const json = '{"t":"21 °C"}';
  const answers: Record<string, readonly [type: string, coding: string, body: Buffer]> = {
    '/gzip': ['application/json', 'gzip', zlib.gzipSync(json)],
    '/deflate': ['application/json', 'deflate', zlib.deflateSync(json)],
    '/raw': ['application/json', 'deflate', zlib.deflateRawSync(json)],
    '/br': ['application/json', 'br', zlib.brotliCompressSync(json)],
    '/zstd': ['application/json', 'zstd', zlib.zstdCompressSync(json)],
    '/twice': ['application/json', 'gzip, br', zlib.brotliCompressSync(zlib.gzipSync(json))],
    '/latin1': ['application/json; charset=iso-8859-1', '', Buffer.from(json, 'latin1')],
    '/1252': ['application/json; charset="windows-1252"', '', Buffer.from(json, 'latin1')],
    '/guess': ['text/plain', '', Buffer.from(json, 'latin1')],
    '/utf16': ['application/json; charset=utf-16le', '', Buffer.from(json, 'utf16le')],
    '/marked': ['application/json', '', Buffer.from(`\ufeff${json}`, 'utf16le')],
    '/bom': ['application/json', '', Buffer.from(`\ufeff${json}`)],
  };
  const ask = await serve(t, (request, response) => {
    const [type = '', coding = '', body] = answers[request.url ?? ''] ?? [];
    response
      .writeHead(200, { 'content-type': type, ...(coding && { 'content-encoding': coding }) })
      .end(body);
  });
  for (const path of Object.keys(answers)) assert.deepEqual(valueIn(await ask(path)), { t: '21 °C' }, path);
});

test('what cannot be decoded is refused by name; a body that swells beyond a reading is, too (K-100, K-104)', async t => {
  const ask = await serve(t, (request, response) => {
    const bodies: Record<string, readonly [coding: string, body: Buffer]> = {
      '/torn': ['gzip', zlib.gzipSync('{"t":1}').subarray(0, 12)],
      '/strange': ['compress', Buffer.from('x')],
      '/bomb': ['gzip', zlib.gzipSync(Buffer.alloc(20 * 2 ** 20))],
    };
    const [coding = '', body] = bodies[request.url ?? ''] ?? [];
    response.writeHead(200, { 'content-encoding': coding }).end(body);
  });
  await assert.rejects(ask('/torn'), { code: 'reading_invalid', message: /its answer is no whole gzip/ });
  await assert.rejects(ask('/strange'), { code: 'reading_invalid', message: /in the coding "compress"/ });
  await assert.rejects(ask('/bomb'), { code: 'answer_too_large' });
  const unknown = { bytes: Buffer.from('x'), contentType: 'text/plain; charset=klingon' };
  assert.throws(() => parseReading(unknown, readingKind()), /"klingon"/);
  assert.equal(
    valueIn({ bytes: Buffer.from('{"a":1}\n{"a":2}\n'), contentType: 'application/x-ndjson' }),
    '{"a":1}\n{"a":2}',
  );
  const shown = parseReading({ bytes: Buffer.from([0xb0]) }, readingKind({ charset: 'windows-1252' }));
  assert.deepEqual(shown, { kind: 'value', json: '"°"', topic: undefined });
});

test('an answer without an end is bounded by its bytes and its time (K-100)', async t => {
  const ask = await serve(t, (_request, response) => {
    const pour = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(2 ** 16)));
      if (!response.destroyed) response.once('drain', pour);
    };
    pour();
  });
  await assert.rejects(ask('/'), { code: 'answer_too_large' });
});

test('a device is asked with the login and the headers that it was given (K-105)', async t => {
  const seen: (string | undefined)[] = [];
  const ask = await serve(t, ({ headers }, response) => {
    seen.push(headers.authorization, headers['x-key'] as string | undefined);
    response.writeHead(headers.authorization === undefined ? 401 : 200).end('42');
  });
  const basic = (login: string) => `Basic ${Buffer.from(login).toString('base64')}`;
  assert.equal(textOf(await ask('/', { login: 'u:p%40@' })), '42');
  assert.equal(textOf(await ask('/', { username: 'station', headers: { 'X-Key': 'abc' } })), '42');
  await ask('/', { login: 'u:100%@' });
  assert.deepEqual(seen, [basic('u:p@'), undefined, basic('station:'), 'abc', basic('u:100%'), undefined]);
  await assert.rejects(ask('/'), /answered HTTP 401: it wants a user name and password/);
});

test('a device that asks for a digest gets one, as RFC 7616 has it, from the second reading on at once (K-105)', async t => {
  const asks = (algorithm: string) =>
    `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;
  const request = {
    method: 'GET',
    uri: '/dir/index.html',
    username: 'Mufasa',
    password: 'Circle of Life',
    count: 1,
    clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  };
  for (const [algorithm, response] of [
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ] as const) {
    const challenge = readChallenge(asks(algorithm));
    assert.ok(challenge && digestLogin(challenge, request).includes(`response="${response}"`), algorithm);
  }
  assert.equal(readChallenge(`Basic realm="d", ${asks('MD5')}, ${asks('SHA-256')}`)?.algorithm, 'SHA-256');
  assert.equal(readChallenge('Basic realm="d"'), undefined);
  assert.equal(readChallenge(asks('SHA-512-256')), undefined);
  const seen: string[] = [];
  const server = createServer(({ headers }, response) => {
    const login = headers.authorization ?? '';
    seen.push(/^Digest/.test(login) ? (/nc=(\d+)/.exec(login)?.[1] ?? '') : login.slice(0, 5));
    if (/^Digest/.test(login)) response.end('42');
    else response.writeHead(401, { 'www-authenticate': asks('MD5') }).end();
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://u:p@127.0.0.1:${(server.address() as AddressInfo).port}/now?unit=C`;
  const source = new HttpSource({ url });
  t.after(() => source.close());
  for (let index = 0; index < 2; index += 1) assert.equal(textOf(await source.read(patience)), '42');
  assert.deepEqual(seen, ['Basic', '00000001', '00000002']);
});

test('devices whose HTTP is a little off are understood; what is no HTTP is said to be none (K-101)', async t => {
  const answers: readonly [wire: string, expected: string | RegExp][] = [
    ['HTTP/1.1 200 OK\nContent-Length: 2\n\n42', '42'],
    ['HTTP/1.0 200 OK\r\n\r\n42', '42'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n42stray', '42'],
    ['HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n42', '42'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n42', /the connection broke/],
    ['42\n', /what is no HTTP/],
    ['SSH-2.0-OpenSSH_9.2\r\n', /what is no HTTP/],
    ['', /the connection broke/],
  ];
  for (const [wire, expected] of answers) {
    const server = createSocketServer(socket => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(wire));
    });
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
    t.after(() => server.close());
    const source = new HttpSource({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
    const answer = await source.read(patience).then(textOf, (error: SluiceError) => {
      assert.notEqual(error.code, 'internal');
      return error.message;
    });
    if (typeof expected === 'string') assert.equal(answer, expected, JSON.stringify(wire));
    else assert.match(answer, expected, JSON.stringify(wire));
    await source.close();
  }
});

test('a connection that was kept open and died meanwhile is made anew without an error (T-160)', async t => {
  let asked = 0;
  const server = createSocketServer(socket => {
    socket.on('error', () => undefined);
    socket.on('data', () => {
      asked += 1;
      if (asked === 2) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n42');
    });
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const source = new HttpSource({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
  t.after(() => source.close());
  assert.equal(textOf(await source.read(patience)), '42');
  assert.equal(textOf(await source.read(patience)), '42');
  assert.equal(asked, 3);
});

test('a query without an end holds up no other; processes that nobody waits for end (K-100)', async () => {
  const clock = new VirtualClock();
  const open: string[] = [];
  const processes = new QueryProcesses(clock, () => {
    const name = `process ${open.length}`;
    open.push(name);
    return {
      ask: (sql, signal) =>
        sql === 'quick'
          ? Promise.resolve(name)
          : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      close: async () => void open.splice(open.indexOf(name), 1, `${name} ended`),
    };
  });
  const { signal } = new AbortController();
  assert.deepEqual(await Promise.all([processes.ask('quick', signal), processes.ask('quick', signal)]), [
    'process 0',
    'process 0',
  ]);
  const hogs = Array.from({ length: 5 }, () => new AbortController());
  const asked = hogs.map(hog => processes.ask('endless', hog.signal).catch(() => 'over'));
  const waiting = processes.ask('quick', signal);
  await clock.advance(250);
  assert.equal(open.length, 4);
  hogs[4]?.abort();
  assert.equal(await asked[4], 'over');
  hogs[3]?.abort();
  assert.equal(await waiting, 'process 3');
  for (const hog of hogs) hog.abort();
  await Promise.all(asked);
  assert.equal(open.filter(name => !name.endsWith('ended')).length, 1);
  assert.equal(clock.pendingTimers, 0);
});

test('JSON over HTTP that ends in the middle is no reading; what is wrong otherwise is the text that it is (K-102)', () => {
  const contentType = 'application/json; charset=utf-8';
  const read = (text: string, kind = readingKind(), type = contentType) =>
    parseReading({ bytes: Buffer.from(text), contentType: type }, kind);
  for (const torn of ['{"t":1', '[1, {"a":"]"}', '{"t":"21 ', '{"a":"\\"}']) {
    assert.throws(() => read(torn), { code: 'reading_invalid' }, torn);
    assert.equal(read(torn, readingKind({ format: 'text' })).kind, 'value');
    assert.equal(read(torn, readingKind(), 'text/plain').kind, 'value');
  }
  for (const text of ['{"t":NaN}', 'off', '', '{"a":1}\n{"a":2}', "{'t': 1}"])
    assert.deepEqual(read(text), { kind: 'value', json: JSON.stringify(text), topic: undefined });
});
