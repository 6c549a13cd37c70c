import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectAsync } from 'mqtt';
import { systemClock } from '../../src/base/clock.ts';
import { loadSources } from '../../src/gather/capture/sources/definitions.ts';
import type { BrokerPlan } from '../../src/gather/capture/sources/source-definition.ts';
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
async function startBroker(t: TestContext, cwd: string, port: number, settings = '') {
  const file = join(cwd, 'mosquitto.conf');
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\n${settings}`);
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
  completeBeforeSync: true
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

/** What reaches a collector of a topic, at a station whose database is `database`. */
async function listenTo(
  t: TestContext,
  topic: string,
  broker: Partial<BrokerPlan> & { readonly url: string },
  database = '/a/sluice.db',
) {
  const none = {
    username: null,
    password: null,
    clientId: null,
    caFile: null,
    certificateFile: null,
    keyFile: null,
  };
  const sources = await loadSources({
    clock: systemClock,
    database,
    isStoreShared: false,
    station: 'robot',
    broker: { ...none, ...broker },
  });
  const source = sources.open({ source: { method: 'mqtt', topic }, everyMs: null, format: 'auto' });
  const heard: string[] = [];
  const errors: string[] = [];
  if ('listen' in source) {
    source.listen(
      raw => 'bytes' in raw && heard.push(raw.bytes.toString()),
      error => errors.push(String(error)),
    );
  }
  t.after(async () => {
    await source.close();
    await sources.close();
  });
  return { heard, errors };
}

test('mqtt: what the broker retains is a reading once, however often the connection is made anew (K-652)', async t => {
  const cwd = standingPlace(t);
  const port = await freePort();
  const client = await startBroker(t, cwd, port);
  await client.publishAsync('s/1', 'retained', { qos: 1, retain: true });
  const sockets = new Set<Socket>();
  const wire = createServer(socket => {
    const onward = connect(port, '127.0.0.1');
    for (const each of [socket, onward]) {
      sockets.add(each);
      each.on('error', () => undefined);
    }
    socket.pipe(onward).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(wire, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  t.after(() => {
    cut();
    wire.close();
  });
  const { port: through } = wire.address() as AddressInfo;
  const { heard } = await listenTo(t, 's/+', { url: `mqtt://127.0.0.1:${through}` });
  await until('what is retained comes', () => heard.includes('retained'));
  for (let time = 1; time <= 3; time += 1) {
    cut();
    await client.publishAsync('s/2', `${time}`, { qos: 1 });
    await until('what was sent meanwhile comes', () => heard.includes(`${time}`));
  }
  // Anything that was sent on subscribing would have come before this.
  await client.publishAsync('s/2', 'last', { qos: 1 });
  await until('the last comes', () => heard.includes('last'));
  // Of what was sent meanwhile, the broker may send again what it heard no word of.
  assert.deepEqual([...new Set(heard)], ['retained', '1', '2', '3', 'last']);
  assert.equal(heard.filter(each => each === 'retained').length, 1);
});

test('mqtt: collectors of a shared subscription share its messages (K-107)', async t => {
  const cwd = standingPlace(t);
  const port = await freePort();
  const client = await startBroker(t, cwd, port);
  const url = `mqtt://127.0.0.1:${port}`;
  const [one, other] = [
    await listenTo(t, '$share/group/s/#', { url }, '/a/sluice.db'),
    await listenTo(t, '$share/group/s/#', { url }, '/b/sluice.db'),
  ];
  await until('both have their share', async () => {
    await client.publishAsync('s/1', 'first', { qos: 1 });
    return one.heard.length > 0 && other.heard.length > 0;
  });
  const before = one.heard.length + other.heard.length;
  for (let index = 0; index < 10; index += 1) await client.publishAsync('s/1', String(index), { qos: 1 });
  await until('all have arrived', () => one.heard.length + other.heard.length >= before + 10);
  assert.equal(one.heard.length + other.heard.length, before + 10);
  assert.deepEqual([one.errors, other.errors], [[], []]);
});

test('mqtt: stations of the same name do not put each other out; clients of the same id are told so (K-107)', async t => {
  const cwd = standingPlace(t);
  const port = await freePort();
  const client = await startBroker(t, cwd, port);
  const url = `mqtt://127.0.0.1:${port}`;
  const stations = [
    await listenTo(t, 's/#', { url }, '/a/sluice.db'),
    await listenTo(t, 's/#', { url }, '/b/sluice.db'),
  ];
  await until('both hear', async () => {
    await client.publishAsync('s/1', 'x', { qos: 1 });
    return stations.every(({ heard }) => heard.length > 0);
  });
  assert.deepEqual(
    stations.flatMap(({ errors }) => errors),
    [],
  );
  const rivals = [
    await listenTo(t, 's/#', { url, clientId: 'same' }),
    await listenTo(t, 's/#', { url, clientId: 'same' }),
  ];
  await until('they are told', () =>
    rivals.some(({ errors }) => errors.some(error => error.includes('may use the same id "same"'))),
  );
});

test('mqtt: a broker that asks for a certificate is shown one (K-107)', async t => {
  const cwd = standingPlace(t);
  const port = await freePort();
  const tlsPort = await freePort();
  const openssl = (line: string) => execFileSync('openssl', line.split(' '), { cwd, stdio: 'ignore' });
  openssl(
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem',
  );
  writeFileSync(join(cwd, 'names'), 'subjectAltName=IP:127.0.0.1\n');
  for (const name of ['broker', 'client']) {
    openssl(
      `req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=${name} -keyout ${name}.key -out ${name}.csr`,
    );
    openssl(
      `x509 -req -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out ${name}.pem`,
    );
  }
  // It may give up its rights to another user, who must be able to read them.
  for (const name of ['broker.key', 'broker.pem', 'ca.pem']) chmodSync(join(cwd, name), 0o644);
  chmodSync(cwd, 0o755);
  const settings = `listener ${tlsPort} 127.0.0.1
cafile ${cwd}/ca.pem
certfile ${cwd}/broker.pem
keyfile ${cwd}/broker.key
require_certificate true
`;
  const client = await startBroker(t, cwd, port, settings);
  const url = `mqtts://127.0.0.1:${tlsPort}`;
  const caFile = join(cwd, 'ca.pem');
  const known = await listenTo(t, 's/#', {
    url,
    caFile,
    certificateFile: join(cwd, 'client.pem'),
    keyFile: join(cwd, 'client.key'),
  });
  await until('it hears', async () => {
    await client.publishAsync('s/1', 'x', { qos: 1 });
    return known.heard.length > 0;
  });
  const stranger = await listenTo(t, 's/#', { url, caFile }, '/b/sluice.db');
  await until('the stranger is told', () => stranger.errors.length > 0);
  const missing = await listenTo(t, 's/#', { url, caFile: join(cwd, 'none.pem') }, '/c/sluice.db');
  await until('the missing file is named', () => missing.errors.some(error => /none\.pem/.test(error)));
});

function byCelsius(a: unknown, b: unknown): number {
  return (a as { celsius: number }).celsius - (b as { celsius: number }).celsius;
}
