import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../../src/base/log.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { DiskHistory, thinned } from '../../src/station/disk-history.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test('what is free on each disk is kept by the hour for ninety days, over restarts, beside what is free now (W-109)', async t => {
  const database = join(await tempDirectory(t), 'sluice.db');
  const clock = new VirtualClock();
  const disk = {
    holds: ['root'],
    path: '/a',
    freeBytes: 900,
    totalBytes: 1_000,
    freeInodes: 1,
    totalInodes: 1,
  };
  let disks = [disk, { ...disk, path: '/b c', freeBytes: 5 }];
  const open = async () => {
    const history = new DiskHistory({
      open: () => openLocal(database, { clock }).openRates(),
      disks: async () => disks,
      clock,
      log: silentLogger,
    });
    await history.start();
    t.after(() => history.stop());
    return history;
  };
  const free = async (history: DiskHistory): Promise<readonly (readonly number[])[]> =>
    (await history.read()).map(({ samples }) => samples.map(({ freeBytes }) => freeBytes));
  await clock.advance(HOUR_MS - (clock.nowMs() % HOUR_MS));
  const first = await open();
  await clock.advance(0);
  disks = [
    { ...disk, freeBytes: 800 },
    { ...disk, path: '/b c', freeBytes: 4 },
  ];
  await clock.advance(HOUR_MS);
  await first.stop();
  disks = [{ ...disk, freeBytes: 700 }];
  // The same hour again is not kept twice.
  const second = await open();
  await clock.advance(0);
  assert.deepEqual(await free(second), [[900, 800, 700]]);
  await second.stop();
  await clock.advance(100 * DAY_MS);
  const third = await open();
  await clock.advance(0);
  assert.deepEqual((await free(third)).flat().slice(-1), [700]);
  assert.ok((await free(third)).flat().length <= 2);
});

test('of many samples some hundred are told, the last among them', () => {
  const samples = Array.from({ length: 2_160 }, (_, at) => ({ atMs: at, path: '/', freeBytes: at }));
  const told = thinned(samples);
  assert.ok(told.length <= 500 && told.length > 300);
  assert.equal(told.at(-1)?.atMs, 2_159);
  assert.deepEqual(thinned([]), []);
});
