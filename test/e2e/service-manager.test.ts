import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { watchdogMs } from '../../src/station/service-manager.ts';
import { receiveNotifications } from '../support/notify-receiver.ts';
import { standingPlace, startStation } from '../support/sluice.ts';

for (const kind of ['path', 'abstract'] as const) {
  test(`systemd is told when a station is ready, that it is alive, and that it stops; by a socket of the kind ${kind} (S-507)`, async t => {
    const cwd = standingPlace(t);
    const socket = kind === 'path' ? join(cwd, 'notify') : `@sluice-test-${process.pid}`;
    const receiver = receiveNotifications(socket);
    t.after(() => receiver.close());
    const station = await startStation(t, { cwd, env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '200000' } });
    assert.equal(await receiver.next(), `READY=1\nSTATUS=up at ${station.url}`);
    for (let beat = 0; beat < 3; beat += 1) assert.equal(await receiver.next(), 'WATCHDOG=1');
    station.process.kill('SIGTERM');
    let last = await receiver.next();
    while (last === 'WATCHDOG=1') last = await receiver.next();
    assert.equal(last, 'STOPPING=1');
    assert.equal((await station.ended).code, 0);
  });
}

test('a station runs as well where nobody takes its notifications (S-507)', async t => {
  const cwd = standingPlace(t);
  const station = await startStation(t, { cwd, env: { NOTIFY_SOCKET: join(cwd, 'nobody') } });
  await station.printed(/systemd could not be told/);
  assert.equal((await fetch(`${station.url}/readyz`)).status, 200);
});

test('the watchdog is fed twice as often as it wants, and only by the process that it is for (S-507)', () => {
  assert.equal(watchdogMs({ WATCHDOG_USEC: '30000000' }, 7), 15_000);
  assert.equal(watchdogMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 7), 15_000);
  assert.equal(watchdogMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 7), undefined);
  for (const usec of [undefined, '', '0', '-1', 'x'])
    assert.equal(watchdogMs({ WATCHDOG_USEC: usec }, 7), undefined);
});
