import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { StreamTransport } from '../../../src/keep/buckets/s3/stream-transport.ts';

const BLOCK = Buffer.alloc(64 * 1024);

/** Waits for a 100 Continue pass at once. */
const impatientClock: Pick<Clock, 'timer'> = {
  timer: (ms, callback) => systemClock.timer(ms === 1000 ? 0 : ms, callback),
};

interface Refusing {
  readonly origin: string;
  /** Requests whose body it began to read, and those of them that it has reset. */
  readonly counts: Int32Array;
}

async function startRefusing(context: TestContext, answer: string): Promise<Refusing> {
  const counts = new Int32Array(new SharedArrayBuffer(8));
  const path = new URL('../../support/refusing-server-thread.ts', import.meta.url);
  const thread = new Worker(path, { workerData: { answer, counts } });
  context.after(() => thread.terminate());
  const [{ port }] = (await once(thread, 'message')) as [{ port: number }];
  return { origin: `http://127.0.0.1:${port}`, counts };
}

/**
 * Three blocks. Before the second is handed to the socket this thread stands still until the server has answered and
 * reset the connection: that write then is the first thing to meet the reset, with the answer unread.
 */
async function* blocksIntoTheReset({ counts }: Refusing) {
  const already = Atomics.load(counts, 1);
  yield { bytes: BLOCK, payloadBytes: BLOCK.length };
  const late = {
    payloadBytes: BLOCK.length,
    get bytes() {
      assert.notEqual(Atomics.wait(counts, 1, already, 10_000), 'timed-out');
      return BLOCK;
    },
  };
  yield late;
  yield { bytes: BLOCK, payloadBytes: BLOCK.length };
}

describe('a server that refuses a body, closes and resets', () => {
  for (const waits of [true, false]) {
    const label = `${waits ? 'after' : 'without'} a wait for 100 Continue`;
    const expect: Record<string, string> = waits ? { expect: '100-continue' } : {};
    const send = async (context: TestContext, refusing: Refusing) => {
      const options = {
        idleTimeoutMs: 5000,
        minBytesPerSecond: 2 ** 40,
        connectTimeoutMs: 5000,
        answerTimeoutMs: 5000,
        maxConnections: 1,
      };
      const transport = new StreamTransport(options, waits ? impatientClock : systemClock);
      context.after(() => transport.close());
      const sent: number[] = [];
      const sending = transport.send({
        method: 'PUT',
        origin: refusing.origin,
        path: '/bucket/key',
        headers: { ...expect, 'content-length': String(3 * BLOCK.length) },
        blocks: () => blocksIntoTheReset(refusing),
        onProgress: bytes => sent.push(bytes),
      });
      return { sending, sent };
    };

    for (const status of [400, 403]) {
      test(`${label}: its ${status} counts before the failed write (D-36, T-2)`, async context => {
        const body = '<Error><Code>Refused</Code></Error>';
        const refusing = await startRefusing(
          context,
          `HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        );
        const { sending, sent } = await send(context, refusing);
        const answer = await sending;
        assert.equal(answer.status, status);
        assert.equal(answer.body.toString(), body);
        assert.equal(Atomics.load(refusing.counts, 0), 1, 'asked once');
        assert.deepEqual(sent, [BLOCK.length], 'what failed counts as no progress');
      });
    }

    test(`${label}: a connection lost without an answer is an error (D-36)`, async context => {
      const refusing = await startRefusing(context, '');
      const { sending } = await send(context, refusing);
      await assert.rejects(sending, error => {
        assert.match(String((error as NodeJS.ErrnoException).code), /^(ECONNRESET|EPIPE)$/);
        return true;
      });
      assert.equal(Atomics.load(refusing.counts, 0), 2, 'asked once more, with the first block');
    });
  }
});
