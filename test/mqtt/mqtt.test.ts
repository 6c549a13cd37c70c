import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectAsync } from 'mqtt';
import { jsonLines } from '../support/delivery-station.ts';
import { standingPlace, startStation, until } from '../support/sluice.ts';

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** A Mosquitto of the test's own. */
async function startBroker(t: TestContext, cwd: string, port: number) {
  const file = join(cwd, 'mosquitto.conf');
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  const broker = spawn('mosquitto', ['-c', file], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  const ended = once(broker, 'exit');
  t.after(async () => {
    broker.kill('SIGKILL');
    await ended;
  });
  const client = await until('the broker answers', () =>
    connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 }).catch(() => undefined),
  );
  t.after(() => client.endAsync(true));
  return client;
}

interface Line {
  readonly collector: string;
  readonly topic: string;
  readonly reading: unknown;
}

function linesIn(cwd: string): Line[] {
  const root = join(cwd, 'station/delivered/outbox');
  try {
    return readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.ndjson'))
      .flatMap(name => jsonLines<Line>({ stdout: readFileSync(join(root, name), 'utf8') }));
  } catch {
    return [];
  }
}

test('mqtt: each message is a reading; with an interval the newest one is; what came while the station was down is not lost (K-1, K-3)', async t => {
  const cwd = standingPlace(t);
  const port = await freePort();
  const client = await startBroker(t, cwd, port);
  const yaml = `
sync: {interval: 300ms}
capture:
  station: robot
  mqtt: {url: 'mqtt://127.0.0.1:${port}'}
  collectors:
    - {name: each, mqtt: 'sensors/+/temperature', to: s3://local/outbox}
    - {name: newest, mqtt: 'sensors/+/temperature', every: 200ms, to: s3://local/outbox}
`;
  const first = await startStation(t, { cwd, yaml });
  // Until it has subscribed, nothing arrives: a retained message shows when it has.
  await client.publishAsync('sensors/0/temperature', '0', { qos: 1, retain: true });
  await until('the first message is delivered', () =>
    linesIn(cwd).some(({ collector }) => collector === 'each'),
  );
  for (let index = 1; index <= 50; index += 1) {
    await client.publishAsync(`sensors/${index}/temperature`, `{"celsius": ${index}}`, { qos: 1 });
  }
  const each = () =>
    linesIn(cwd).filter(({ collector, topic }) => collector === 'each' && topic !== 'sensors/0/temperature');
  await until('all are delivered', () => each().length >= 50);
  assert.deepEqual(
    each()
      .map(({ reading }) => reading)
      .sort(byCelsius),
    Array.from({ length: 50 }, (_, index) => ({ celsius: index + 1 })),
  );
  assert.equal(each()[0]?.topic.startsWith('sensors/'), true);
  const newest = linesIn(cwd).filter(({ collector }) => collector === 'newest');
  assert.ok(newest.length > 0 && newest.length < 50, `${newest.length} readings of the newest`);
  first.process.kill('SIGTERM');
  await first.ended;
  await client.publishAsync('sensors/51/temperature', '{"celsius": 51}', { qos: 1 });
  await startStation(t, { cwd });
  await until('what came meanwhile is delivered', () => each().length === 51);
});

function byCelsius(a: unknown, b: unknown): number {
  return (a as { celsius: number }).celsius - (b as { celsius: number }).celsius;
}
