import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../../src/base/clock.ts';
import { SharedSlots } from '../../../src/gather/changesets/hosts/shared-slots.ts';
import type { SharedCalls } from '../../../src/keep/store/shared-calls.ts';
import { killAtExit } from '../../support/left-behind.ts';
import { testAddress } from '../../support/postgres/postgres.ts';
import { sharedPostgresStore } from '../../support/postgres/postgres-store.ts';

const open = await sharedPostgresStore();
const never = new AbortController().signal;

/** A host whose tokens have so many calls each, with a log of what was asked of it. */
async function farSide(t: TestContext, callsOfToken: number) {
  const log = { calls: 0, most: 0, refused: 0 };
  const spent = new Map<string, number>();
  const resetAtMs = Date.now() + 3_600_000;
  let running = 0;
  const server = createServer((request, response) => {
    const token = new URL(request.url ?? '', 'http://here').searchParams.get('token') ?? '';
    log.calls += 1;
    running += 1;
    log.most = Math.max(log.most, running);
    const used = (spent.get(token) ?? 0) + 1;
    if (used > callsOfToken) log.refused += 1;
    spent.set(token, used);
    response.statusCode = used > callsOfToken ? 429 : 200;
    response.setHeader('x-limit', callsOfToken);
    response.setHeader('x-remaining', Math.max(0, callsOfToken - used));
    response.setHeader('x-reset-ms', resetAtMs);
    setTimeout(() => {
      running -= 1;
      response.end();
    }, 5);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { log, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function station(t: TestContext, args: readonly string[]): { child: ChildProcess; said: () => string } {
  const script = join(import.meta.dirname, '../../support/calls-process.ts');
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  killAtExit(child);
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout?.on('data', data => {
    said += data;
  });
  return { child, said: () => said };
}

test('three stations together never call a host more often at once than it bears, nor spend more of a token than it has (F-463, F-464)', async t => {
  const { url } = await testAddress();
  const { log, url: far } = await farSide(t, 40);
  const stations = [1, 2, 3].map(() => station(t, [url, far, '50', '6', '2', 'one,two']));
  const codes = await Promise.all(stations.map(async ({ child }) => (await once(child, 'close'))[0]));
  assert.deepEqual(codes, [0, 0, 0]);
  assert.deepEqual(log, { calls: 80, most: 2, refused: 0 });
  const went = stations.map(({ said }) => Number(/went (\d+)/.exec(said())?.[1]));
  assert.equal(
    went.reduce((sum, each) => sum + each, 0),
    80,
  );
});

test('a slot whose station is gone or stands still is another’s once its lease has ended, and the first is told (F-463)', async t => {
  const { store } = await open(t);
  const calls = store.sharedCalls as SharedCalls;
  const first = await calls.takeSlot('host', 1, 200);
  assert.ok(first);
  assert.equal(await calls.takeSlot('host', 1, 200), undefined);
  assert.ok(await calls.takeSlot('another host', 1, 200));
  assert.deepEqual(await calls.renewSlots([first], 300), [first]);
  let second: Awaited<ReturnType<SharedCalls['takeSlot']>>;
  while (!second) {
    await pause(20);
    second = await calls.takeSlot('host', 1, 10_000);
  }
  assert.deepEqual(await calls.renewSlots([first, second], 10_000), [second]);
  await calls.leaveSlot(first);
  assert.equal(await calls.takeSlot('host', 1, 200), undefined, 'who has lost it gives back nothing');
  const waiting = new SharedSlots(calls, systemClock).take('host', () => 1, never);
  await calls.leaveSlot(second);
  (await waiting).leave();
});
