import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import type { ObjectStore } from '../../../src/keep/buckets/bucket.ts';
import { storeFor } from '../../support/s3-profile.ts';
import { TEST_CREDENTIAL } from '../../support/s3-server/server.ts';

const AT = { bucket: 'bucket', key: 'key' };
const SMALL = { body: Buffer.from('small') };
const LARGE = { body: Buffer.alloc(3 * 1024 * 1024) };

/** A server that has read one request to its end. */
type Speak = (socket: Socket, request: { readonly head: string; readonly number: number }) => void;

/** What comes over a raw connection, request by request; bodies are told by their Content-Length. */
async function startRaw(
  context: TestContext,
  speak: Speak,
): Promise<{ endpoint: string; connections: Socket[] }> {
  const connections: Socket[] = [];
  const server = createServer(socket => {
    connections.push(socket);
    let pending: Buffer = Buffer.alloc(0);
    let number = 0;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      for (;;) {
        const end = pending.indexOf('\r\n\r\n');
        if (end < 0) return;
        const head = pending.toString('latin1', 0, end);
        const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
        if (pending.length < end + 4 + length) return;
        pending = pending.subarray(end + 4 + length);
        number += 1;
        speak(socket, { head, number });
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    for (const socket of connections) socket.destroy();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections };
}

/** The wait for a 100 Continue passes at once. */
const impatient: Clock = {
  ...systemClock,
  timer: (ms, callback) => systemClock.timer(ms === 1000 ? 0 : ms, callback),
};

function storeAt(
  context: TestContext,
  endpoint: string,
  answerTimeoutMs = 5000,
  idleTimeoutMs = 5000,
): ObjectStore {
  const store = storeFor(
    { endpoint, region: 'us-east-1', credential: TEST_CREDENTIAL },
    {},
    { idleTimeoutMs, answerTimeoutMs, connectTimeoutMs: 3000, clock: impatient },
  );
  context.after(() => store.close());
  return store;
}

const CALLS: Record<string, (store: ObjectStore) => Promise<unknown>> = {
  'small PUT': store => store.putObject(AT, SMALL),
  'streamed PUT': store => store.putObject(AT, LARGE),
  HEAD: store => store.headObject(AT),
  list: store => store.listObjects('bucket'),
  'HEAD of a bucket': store => store.headBucket('bucket'),
  completion: store => store.completeUpload({ ...AT, uploadId: 'u' }, []),
};

const OK = 'HTTP/1.1 200 OK\r\n';
/** What is sent, and how often what is dripped after it; the connection stays open in the latter case. */
const WIRES: Record<string, { readonly at: string; readonly drip?: string; readonly ends?: boolean }> = {
  'a length twice': { at: `${OK}ETag: "x"\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello` },
  'a body cut off': { at: 'HTTP/1.1 503 Slow\r\nContent-Length: 100\r\n\r\n<Error>' },
  'a chunk cut off': { at: 'HTTP/1.1 503 Slow\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n<Error>' },
  'a chunk that is none': { at: `${OK}ETag: "x"\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n` },
  'another protocol': { at: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n' },
  'another protocol, left open': {
    at: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ends: false,
  },
  'a status that is none': { at: 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n' },
  'a NUL in a header': { at: `${OK}ETag: "x"\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n` },
  'HTTP of long ago': { at: '<html>hello</html>' },
  'another service': { at: 'SSH-2.0-OpenSSH_9.6\r\n' },
  'an alert of TLS': { at: '\x15\x03\x03\x00\x02\x02\x28' },
  'a preface of HTTP/2': { at: '\x00\x00\x12\x04\x00\x00\x00\x00\x00' },
  'nothing, and the end': { at: '' },
  silence: { at: '', ends: false },
  'silence after the head': { at: `${OK}ETag: "x"\r\nContent-Length: 10\r\n\r\n`, ends: false },
  'a head that drips': { at: 'HTTP/1.1 200 OK\r\nX-Slow: ', drip: 'x' },
  'a body that drips': { at: 'HTTP/1.1 500 Odd\r\nContent-Length: 100000\r\n\r\n', drip: ' ' },
  'chunks that drip': { at: 'HTTP/1.1 500 Odd\r\nTransfer-Encoding: chunked\r\n\r\n', drip: '1\r\nx\r\n' },
  'hints without end': { at: '', drip: 'HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n' },
  'processing without end': { at: '', drip: 'HTTP/1.1 102 Processing\r\n\r\n' },
  'headers without end': { at: OK, drip: `X-More: ${'x'.repeat(4000)}\r\n` },
  'a page without end': { at: `${OK}Content-Type: text/html\r\n\r\n<html>`, drip: '<br>'.repeat(5000) },
};

describe('every request ends (T-103)', () => {
  for (const [label, { at, drip, ends = true }] of Object.entries(WIRES)) {
    test(`${label}: a failure that ends no file, and is none of ours (T-6, T-100, T-103)`, async context => {
      const { endpoint } = await startRaw(context, socket => {
        socket.write(at, 'latin1');
        if (drip === undefined) {
          if (ends) socket.end();
          return;
        }
        const timer = setInterval(() => socket.write(drip, 'latin1'), 20);
        socket.on('close', () => clearInterval(timer));
      });
      const store = storeAt(context, endpoint, 200, 200);
      const failed = await Promise.all(
        Object.entries(CALLS)
          // Its answer may take a quarter of an hour.
          .filter(([call]) => call !== 'completion' || drip === undefined)
          .map(
            async ([call, run]): Promise<[string, unknown]> => [call, await run(store).catch(error => error)],
          ),
      );
      for (const [call, error] of failed) {
        // HEAD of an answer whose body is broken has all that it asked for.
        if (call.startsWith('HEAD') && !(error instanceof Error)) continue;
        assert.ok(error instanceof SluiceError, `${call}: ${String(error)}`);
        assert.ok(['hold', 'retry'].includes(error.answer), `${call}: ${error.answer} ${error.message}`);
        assert.notEqual(error.code, 'internal', `${call}: ${error.message}`);
        assert.doesNotMatch(error.message, /\n/);
      }
    });
  }

  test('an answer may take its time within the bound, and completing an upload longer (T-103)', async context => {
    const { endpoint } = await startRaw(context, (socket, { head }) => {
      if (head.startsWith('PUT')) {
        setTimeout(() => socket.write(`${OK}ETag: "x"\r\nContent-Length: 0\r\n\r\n`), 100);
        return;
      }
      socket.write(`${OK}Content-Type: application/xml\r\nTransfer-Encoding: chunked\r\n\r\n`);
      const timer = setInterval(() => socket.write('1\r\n \r\n'), 20);
      setTimeout(() => {
        clearInterval(timer);
        const body = '<CompleteMultipartUploadResult><ETag>"x-1"</ETag></CompleteMultipartUploadResult>';
        socket.write(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
      }, 600);
    });
    const store = storeAt(context, endpoint, 400, 5000);
    assert.equal((await store.putObject(AT, SMALL)).etag, '"x"');
    assert.equal((await store.putObject(AT, LARGE)).etag, '"x"');
    assert.equal((await store.completeUpload({ ...AT, uploadId: 'u' }, [])).etag, '"x-1"');
  });

  test('a request that waits for its answer ends when it is stopped, and close does not wait (T-103)', async context => {
    const { endpoint, connections } = await startRaw(context, () => undefined);
    const store = storeAt(context, endpoint, 60_000);
    for (const source of [SMALL, LARGE]) {
      const controller = new AbortController();
      const putting = store.putObject(AT, source, { signal: controller.signal });
      while (connections.length === 0) await new Promise(resolve => setImmediate(resolve));
      controller.abort();
      await assert.rejects(putting, error => (error as SluiceError).code === 'cancelled');
    }
    await store.close();
  });
});

test('a completion that is answered well and without a word is tried again (T-2)', async context => {
  const answer = `${OK}x-amz-request-id: R\r\nContent-Length: 0\r\n\r\n`;
  const { endpoint } = await startRaw(context, socket => socket.write(answer));
  const store = storeAt(context, endpoint, 60_000);
  await assert.rejects(store.completeUpload({ ...AT, uploadId: 'u' }, []), error => {
    const { code, answer, message } = error as SluiceError;
    assert.deepEqual([code, answer], ['answer_invalid', 'retry']);
    assert.match(message, /does not say what became/);
    return true;
  });
});

describe('answers that are odd but good', () => {
  const good: Record<string, string> = {
    'HTTP/1.0': 'HTTP/1.0 200 OK\r\nETag: "x"\r\n\r\n',
    '201': 'HTTP/1.1 201 Created\r\nETag: "x"\r\nContent-Length: 0\r\n\r\n',
    'early hints first': `HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n${OK}ETag: "x"\r\nContent-Length: 0\r\n\r\n`,
    'chunked and empty': `${OK}ETag: "x"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'until the end of the connection': `${OK}ETag: "x"\r\nConnection: close\r\n\r\n`,
    'a mark and no ETag': `${OK}x-amz-request-id: R\r\nContent-Length: 0\r\n\r\n`,
  };
  for (const [label, wire] of Object.entries(good)) {
    test(`${label}, small and streamed`, async context => {
      const { endpoint } = await startRaw(context, socket => {
        socket.write(wire);
        if (/HTTP\/1.0|close/.test(wire)) socket.end();
      });
      const store = storeAt(context, endpoint);
      for (const source of [SMALL, LARGE]) {
        const { etag } = await store.putObject(AT, source);
        assert.equal(etag, wire.includes('ETag') ? '"x"' : '');
      }
    });
  }
});

describe('a connection that was closed while it lay idle', () => {
  const ANSWER = `${OK}ETag: "x"\r\nContent-Length: 0\r\n\r\n`;

  for (const how of ['reset', 'end'] as const) {
    test(`${how} under the next request: sent once more, on a new one, without an error (T-104)`, async context => {
      let cuts = 0;
      const { endpoint, connections } = await startRaw(context, (socket, { number }) => {
        if (number === 1) return void socket.write(ANSWER);
        cuts += 1;
        if (how === 'reset') socket.resetAndDestroy();
        else socket.end();
      });
      const store = storeAt(context, endpoint);
      for (const source of [SMALL, LARGE]) {
        await store.putObject(AT, source);
        // A request on the same connection, once it may be used again.
        await new Promise(resolve => setTimeout(resolve, 20));
        assert.equal((await store.putObject(AT, source)).etag, '"x"');
      }
      assert.equal(cuts, 2);
      assert.equal(connections.length, 4);
    });
  }

  test('a new connection that breaks is a failed try, and asked once (T-104, D-36)', async context => {
    let requests = 0;
    const { endpoint } = await startRaw(context, socket => {
      requests += 1;
      socket.resetAndDestroy();
    });
    const store = storeAt(context, endpoint);
    for (const source of [SMALL, LARGE]) {
      await assert.rejects(
        store.putObject(AT, source),
        error => (error as SluiceError).code === 'connection_lost',
      );
    }
    assert.equal(requests, 2);
  });

  test('a server that sends a body after HEAD costs no request its answer (T-104)', async context => {
    const body = 'x'.repeat(200);
    const { endpoint } = await startRaw(context, (socket, { head }) => {
      if (head.startsWith('HEAD')) {
        socket.write(`${OK}ETag: "x"\r\nContent-Length: ${body.length}\r\nConnection: keep-alive\r\n\r\n`);
        // Later than the head: by then the next request may be on its way.
        setImmediate(() => socket.write(body));
      } else socket.write(ANSWER);
    });
    const store = storeAt(context, endpoint);
    for (let round = 0; round < 10; round += 1) {
      assert.equal((await store.headObject(AT))?.size, body.length);
      assert.equal((await store.putObject(AT, SMALL)).etag, '"x"');
    }
  });
});
