import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EVENTS, type StationEvent } from '../../src/api/events.ts';
import { createClient, followEvents } from '../../src/client/index.ts';
import { grownRepository, standingPlace, startStation, until } from '../support/sluice.ts';

test('what happens in a station is heard as it happens, over a restart as well (A-535, A-536)', async t => {
  const cwd = standingPlace(t);
  const origin = grownRepository(join(cwd, 'origin.git'), 3);
  const yaml = `git: {allowPaths: ["${cwd}"]}\nrepos: []\n`;
  const station = await startStation(t, { cwd, yaml });
  const events: StationEvent[] = [];
  const connections: boolean[] = [];
  const ending = new AbortController();
  const reading = (async () => {
    const options = { url: station.url, signal: ending.signal };
    for await (const event of followEvents({ ...options, onConnection: is => connections.push(is) })) {
      EVENTS[event.type].parse(event.data);
      events.push(event);
    }
  })();
  const heard = (type: StationEvent['type']) =>
    until(`${type} is heard`, () => events.find(event => event.type === type));
  await heard('reset');
  const client = createClient({ url: station.url });
  // The first look is what others are compared with.
  await until('it is looked at', async () => {
    writeFileSync(join(cwd, 'sluice.yaml'), `${yaml}# ${events.length} ${Date.now()}\n`);
    writeFileSync(join(cwd, 'station/incoming/local/outbox/hello.txt'), `hello ${Date.now()}`);
    return events.some(({ type }) => type === 'deliveries');
  });
  await client.bake({ url: origin.path, wait: true });
  assert.equal((await heard('runEnded')).type, 'runEnded');
  await heard('runBegun');
  await heard('status');
  writeFileSync(join(cwd, 'sluice.yaml'), `${yaml}log: {level: warn}\n`);
  await heard('configuration');

  station.process.kill('SIGTERM');
  assert.equal((await station.ended).code, 0);
  const port = new URL(station.url).port;
  events.length = 0;
  await startStation(t, { cwd, args: ['--port', port] });
  await heard('reset');
  assert.deepEqual(connections.slice(0, 2), [true, false]);
  ending.abort();
  await reading;
});
