import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { askGate } from '../../src/deliver/gate.ts';

const { signal } = new AbortController();
const ask = (command: string) => askGate({ command, timeoutMs: 5_000 }, signal);

test('the gate takes an explicit yes, and is not held up by what its command leaves in the background (D-22)', async () => {
  const startMs = performance.now();
  assert.deepEqual(await ask('sleep 100 & echo yes'), { open: true, reason: 'yes' });
  assert.ok(performance.now() - startMs < 4_000);
  assert.deepEqual(await ask('echo no'), { open: false, reason: 'it answered "no"' });
  assert.match((await ask('echo not today >&2; exit 3')).reason, /exit code 3: not today/);
  assert.match((await ask('cat /dev/zero')).reason, /prints too much/);
});

test('an address that answers without an end says no (D-22)', async t => {
  const server = createServer((_request, response) => {
    const pour = (): void => {
      while (!response.destroyed && response.write('yes '.repeat(10_000)));
      if (!response.destroyed) response.once('drain', pour);
    };
    pour();
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const answer = await askGate({ url, timeoutMs: 20_000 }, signal);
  assert.deepEqual(answer, { open: false, reason: 'it answers too much' });
});
