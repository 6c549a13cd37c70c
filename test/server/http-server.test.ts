import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { createApp } from '../../src/server/app.ts';
import { createHttpServer, type HttpServer } from '../../src/server/http-server.ts';
import type { StationApi } from '../../src/station/station-api.ts';
import { appOptions } from '../support/served-app.ts';
import { stationStub } from '../support/station-stub.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

interface Listening {
  readonly station?: StationApi;
  readonly clock?: Clock;
  readonly requestTimeoutMs?: number;
}

async function listening(
  t: TestContext,
  { station = stationStub(), clock = systemClock, requestTimeoutMs = 30_000 }: Listening = {},
): Promise<HttpServer> {
  const app = createApp(appOptions({ station }));
  const server = createHttpServer({ app, clock, host: '127.0.0.1', port: 0, requestTimeoutMs });
  await server.start();
  t.after(() => server.stop());
  return server;
}

/** Writes to the socket and answers with all that comes back until the server hangs up. */
async function raw(server: HttpServer, ...parts: readonly string[]): Promise<string> {
  const socket = connect(Number(new URL(server.url()).port), '127.0.0.1');
  await once(socket, 'connect');
  for (const part of parts) socket.write(part);
  return text(socket);
}

/** Status, and code and status of the problem details, of an answer as it came. */
function problemOf(answer: string): readonly unknown[] {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  assert.match(head, /\r\nContent-Type: application\/problem\+json\r\n/);
  const { code, status, detail, hint } = JSON.parse(body);
  assert.ok(detail.length > 0 && hint.length > 0);
  return [Number(head.split(' ')[1]), code, status];
}

test('HTTP: headers that are too large, and what is no HTTP, get an error and the server goes on (S-15)', async t => {
  const server = await listening(t);
  const large = `GET /ping HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`;
  assert.deepEqual(problemOf(await raw(server, large)), [431, 'usage', 431]);
  assert.deepEqual(problemOf(await raw(server, 'HELO sluice\r\n\r\n')), [400, 'usage', 400]);
  assert.match(await raw(server, 'GET /ping HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /);
  const close = 'Connection: close\r\n\r\n';
  assert.match(await raw(server, `GET /ping HTTP/1.0\r\n${close}`), /^HTTP\/1\.1 4\d\d /);
  assert.equal((await fetch(`${server.url()}/ping`)).status, 200);
});

test('HTTP: what proxies and servers read in two ways is refused, and its connection ended (S-101)', async t => {
  const server = await listening(t);
  const post = 'POST /bake HTTP/1.1\r\nHost: localhost\r\n';
  const get = 'GET /ping HTTP/1.1\r\nHost: localhost\r\n';
  const second = `${get}\r\n`;
  const table: readonly (readonly [string, string])[] = [
    ['a length and chunks', `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['two lengths', `${post}Content-Length: 4\r\nContent-Length: 5\r\n\r\n{}{}`],
    ['the same length twice', `${post}Content-Length: 4\r\nContent-Length: 4\r\n\r\n{}{}`],
    ['a length of less than nothing', `${post}Content-Length: -4\r\n\r\n`],
    ['a length with a sign', `${post}Content-Length: +4\r\n\r\n{}{}`],
    ['chunks that are not the last coding', `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ['a coding of another name', `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['a space before the colon', `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
    ['a chunk beyond all numbers', `${post}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}`],
    ['a folded header', `${get}X: a\r\n b\r\n\r\n`],
    ['lines without CR', 'GET /ping HTTP/1.1\nHost: localhost\n\n'],
    ['a NUL', `${get}X: a\0b\r\n\r\n`],
  ];
  for (const [what, request] of table) {
    const answer = await raw(server, request + second);
    assert.match(answer, /^HTTP\/1\.1 400 /, what);
    assert.equal(answer.split('HTTP/1.1').length, 2, `${what}: one answer`);
  }
  const close = 'Connection: close\r\n\r\n';
  for (const named of [
    `GET http://evil.example/ping HTTP/1.1\r\nHost: localhost\r\n${close}`,
    `GET /ping HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n${close}`,
    `GET /ping HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n${close}`,
  ]) {
    assert.match(await raw(server, named), /^HTTP\/1\.1 421 /, named);
  }
  const own = `GET http://localhost/ping HTTP/1.1\r\nHost: localhost\r\n${close}`;
  assert.match(await raw(server, own), /^HTTP\/1\.1 200 /);
});

test('HTTP: one sender has so many connections at once, and others are answered (S-101)', async t => {
  const server = await listening(t);
  const { port } = new URL(server.url());
  const sockets = await Promise.all(
    Array.from({ length: 256 }, async () => {
      const socket = connect(Number(port), '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    }),
  );
  const oneMore = connect(Number(port), '127.0.0.1');
  await once(oneMore, 'close');
  const elsewhere = connect({ port: Number(port), host: '127.0.0.1', localAddress: '127.0.0.2' });
  elsewhere.write('GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  assert.match(await text(elsewhere), /^HTTP\/1\.1 200 /);
  for (const socket of sockets) socket.destroy();
  await Promise.all(sockets.map(socket => once(socket, 'close')));
  while (!(await fetch(`${server.url()}/ping`).catch(() => undefined)));
});

test('HTTP: a body that is announced as too large or grows so is refused while it comes (S-15, T-17)', async t => {
  const server = await listening(t);
  const head = 'POST /bake HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';
  assert.match(await raw(server, `${head}Content-Length: 5000000\r\n\r\n{`), /^HTTP\/1\.1 413 /);
  const chunk = `400\r\n${'x'.repeat(0x400)}\r\n`;
  assert.match(await raw(server, `${head}Transfer-Encoding: chunked\r\n\r\n`, chunk), /^HTTP\/1\.1 413 /);
});

test('HTTP: who asks before sending a body is told to send it, or refused without (S-15, S-100)', async t => {
  const server = await listening(t);
  const head = 'Host: localhost\r\nConnection: close\r\nExpect: 100-continue\r\n';
  const tooLarge = `POST /bake HTTP/1.1\r\n${head}Content-Length: 5000000\r\n\r\n`;
  assert.match(await raw(server, tooLarge), /^HTTP\/1\.1 413 /);
  const empty = `POST /bake HTTP/1.1\r\n${head}Content-Length: 2\r\n\r\n`;
  assert.match(await raw(server, empty, '{}'), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 400 /);
});

test('HTTP: a client that does not finish its request in time is sent away (S-15)', async t => {
  const server = await listening(t, { requestTimeoutMs: 1000 });
  const startMs = performance.now();
  const head = 'POST /bake HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{';
  assert.match(await raw(server, head), /^HTTP\/1\.1 408 /);
  assert.ok(performance.now() - startMs < 10_000);
});

test('HTTP: a client that takes nothing of its answer is sent away; one that waits for it, or is slow, is not (S-15)', async t => {
  const app = new Hono<{ Bindings: HttpBindings }>();
  const closed = Promise.withResolvers<void>();
  app.get('/untaken', context => {
    context.env.outgoing.once('close', closed.resolve);
    return context.body('x'.repeat(50_000_000));
  });
  app.get('/large', context => context.body('x'.repeat(20_000_000)));
  app.get('/late', async context => {
    await setTimeout(1500);
    return context.body('late');
  });
  const server = createHttpServer({
    app: app as unknown as Hono,
    clock: systemClock,
    host: '127.0.0.1',
    port: 0,
    requestTimeoutMs: 500,
  });
  await server.start();
  t.after(() => server.stop());
  const ask = async (path: string): Promise<Socket> => {
    const socket = connect(Number(new URL(server.url()).port), '127.0.0.1');
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    return socket;
  };
  const late = ask('/late').then(text);
  await ask('/untaken');
  await closed.promise;
  assert.match(await late, /late$/);
  let bytes = 0;
  for await (const chunk of await ask('/large')) {
    bytes += chunk.length;
    if (bytes % 5 === 0) await setTimeout(20);
  }
  assert.ok(bytes > 20_000_000);
});

test('HTTP: a client that goes away while it waits or sends harms nobody (S-15)', async t => {
  const server = await listening(t, { station: stationStub({ runsHang: true }) });
  const leaving = new AbortController();
  const body = JSON.stringify({ url: 'https://example.org/x', wait: true });
  const waiting = fetch(`${server.url()}/bake`, { method: 'POST', body, signal: leaving.signal });
  const half = connect(Number(new URL(server.url()).port), '127.0.0.1');
  await once(half, 'connect');
  half.write('POST /bake HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{');
  assert.equal((await fetch(`${server.url()}/ping`)).status, 200);
  half.destroy();
  leaving.abort();
  await assert.rejects(waiting, /abort/i);
  assert.equal((await fetch(`${server.url()}/ping`)).status, 200);
});

test('HTTP: stop ends idle connections and is bounded where an answer hangs; the port is free again', async t => {
  const clock = new VirtualClock();
  const station = stationStub({ runsHang: true });
  const server = await listening(t, { station, clock });
  const { port } = new URL(server.url());
  const body = JSON.stringify({ url: 'https://example.org/x', wait: true });
  const waiting = fetch(`${server.url()}/bake`, { method: 'POST', body });
  waiting.catch(() => undefined);
  while (station.asked.length === 0) await fetch(`${server.url()}/ping`);
  const stopped = server.stop();
  await clock.advance(1_999);
  assert.equal(clock.pendingTimers, 1, 'an answer under way gets two seconds');
  await clock.advance(1);
  await stopped;
  await server.stop();
  assert.equal(clock.pendingTimers, 0);
  await assert.rejects(waiting);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/ping`));
});

test('HTTP: a port in use is named', async t => {
  const { port } = new URL((await listening(t)).url());
  const second = createHttpServer({
    app: createApp(appOptions()),
    clock: systemClock,
    host: '127.0.0.1',
    port: Number(port),
    requestTimeoutMs: 1000,
  });
  await assert.rejects(second.start(), { code: 'port_in_use' });
  await second.stop();
});
