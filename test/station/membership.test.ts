import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { SluiceError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import { openStore } from '../../src/keep/sqlite/open-store.ts';
import { Membership, stationIdOf } from '../../src/station/membership.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

test('a station has one id for as long as its root is, and another root has another (F-460)', async t => {
  const root = await tempDirectory(t);
  const id = await stationIdOf(root);
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.equal(await stationIdOf(root), id);
  await writeFile(join(root, 'station-id'), 'torn');
  const next = await stationIdOf(root);
  assert.notEqual(next, id);
  assert.equal((await readFile(join(root, 'station-id'), 'utf8')).trim(), next);
  await rm(join(root, 'station-id'));
  assert.notEqual(await stationIdOf(root), next);
});

test('a station says that it lives and what it holds every few seconds, whatever the store answers, and that it stops (F-460)', async t => {
  const store = await openStore(':memory:', { clock: systemClock });
  t.after(() => store.close());
  const clock = new VirtualClock();
  let fails = false;
  let clones = 1;
  const beats: number[] = [];
  const membership = new Membership({
    stations: () => ({
      ...store.stations,
      async beat(sign) {
        beats.push(sign.holds.clones.count);
        if (fails) throw new SluiceError('database_busy', 'not now');
        await store.stations.beat(sign);
      },
    }),
    id: () => 'a',
    root: '/srv/a',
    version: '1.0.0',
    clock,
    log: silentLogger,
    url: () => (clones === 1 ? undefined : 'http://a'),
    async holdings() {
      const [disks, capture] = [[], { collectors: 0, failing: 0 }];
      return { clones: { count: clones, bytes: 0 }, deliveries: {}, capture, disks };
    },
  });
  await membership.start();
  assert.equal((await store.stations.list())[0]?.url, null);
  clones = 2;
  await clock.advance(5000);
  const [known] = await store.stations.list();
  assert.deepEqual([known?.url, known?.holds.clones.count, known?.isSilent], ['http://a', 2, false]);
  fails = true;
  await clock.advance(5000);
  fails = false;
  await clock.advance(5000);
  assert.deepEqual(beats, [2, 2, 2]);
  await membership.stop();
  assert.equal((await store.stations.list())[0]?.isSilent, true);
  await clock.advance(60_000);
  assert.deepEqual([beats.length, clock.pendingTimers], [3, 0]);
});

test('a station that stops while it tells the others that it lives tells them no more (S-616)', async t => {
  const store = await openStore(':memory:', { clock: systemClock });
  t.after(() => store.close());
  const clock = new VirtualClock();
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  let beats = 0;
  const membership = new Membership({
    stations: () => ({
      ...store.stations,
      async beat() {
        beats += 1;
        await answered;
      },
    }),
    id: () => 'a',
    root: '/srv/a',
    version: '1.0.0',
    clock,
    log: silentLogger,
    url: () => undefined,
    async holdings() {
      const [disks, capture] = [[], { collectors: 0, failing: 0 }];
      return { clones: { count: 0, bytes: 0 }, deliveries: {}, capture, disks };
    },
  });
  await membership.start();
  await clock.advance(5000);
  const stopped = membership.stop();
  answer();
  await stopped;
  await clock.advance(60_000);
  assert.deepEqual([beats, clock.pendingTimers], [1, 0]);
});
