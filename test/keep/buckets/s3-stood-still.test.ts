import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Secret } from '../../../src/keep/buckets/credentials/secret.ts';
import { storeFor } from '../../support/s3-profile.ts';

const IDLE_MS = 300;
/** A server on a thread of its own, which answers while this one stands still. */
const SERVER = `
const { parentPort } = require('node:worker_threads');
const server = require('node:http').createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    parentPort.postMessage('asked');
    response.writeHead(200, { etag: '"e"' }).end();
  });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

async function serverElsewhere(t: TestContext) {
  const worker = new Worker(SERVER, { eval: true });
  t.after(() => worker.terminate());
  const [port] = await once(worker, 'message');
  const credential = { accessKeyId: 'id', secretAccessKey: new Secret('secret').reveal() };
  return { worker, server: { endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credential } };
}

for (const [what, bytes] of [
  ['small', 10],
  ['streamed', 3 * 2 ** 20],
] as const)
  test(`an answer that came while this process stood still counts, though its time had run out (${what}) (T-124)`, async t => {
    const { worker, server } = await serverElsewhere(t);
    const store = storeFor(server, { checksum: 'header', expectContinue: false }, { idleTimeoutMs: IDLE_MS });
    t.after(() => store.close());
    const asked = new Int32Array(new SharedArrayBuffer(4));
    const sent = store.putObject({ bucket: 'bucket', key: 'key' }, { body: Buffer.alloc(bytes, 'x') });
    sent.catch(() => undefined);
    await once(worker, 'message');
    // Nothing of this thread runs: neither timers nor reading.
    Atomics.wait(asked, 0, 0, 3 * IDLE_MS);
    assert.equal((await sent).etag, '"e"');
  });
