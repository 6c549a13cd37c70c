import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../src/base/log.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { type RateSeries, Rates } from '../../src/station/rates.ts';
import { rows } from '../support/sluice.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MINUTE_MS = 60_000;

async function ratesIn(t: TestContext, directory: string, clock = new VirtualClock()) {
  const database = join(directory, 'sluice.db');
  const totals = { files: 0, bytes: 0 };
  const rates = new Rates({
    open: () => openLocal(database, { clock }).openRates(),
    totals: async () => ({ ...totals }),
    clock,
    log: silentLogger,
  });
  await rates.start();
  t.after(() => rates.stop());
  return { rates, totals, clock, database };
}

/** Amounts that are not zero, with how many spans before the last one they are. */
function some({ amounts }: RateSeries, name: keyof RateSeries['amounts']): number[][] {
  const all = amounts[name];
  return all.flatMap((amount, at) => (amount > 0 ? [[all.length - 1 - at, amount]] : []));
}

test('rates: what happens is counted by minute for an hour and by quarter of an hour for a day, over a restart (W-52)', async t => {
  const directory = await tempDirectory(t);
  const { rates, totals, clock } = await ratesIn(t, directory);
  await clock.advance(15 * MINUTE_MS - (clock.nowMs() % (15 * MINUTE_MS)));
  totals.files += 3;
  rates.count('commits', 7);
  await clock.advance(MINUTE_MS);
  totals.files += 2;
  totals.bytes += 10;
  const { hour, day } = await rates.read();
  assert.deepEqual(
    [hour.spanMs, hour.amounts.files.length, day.spanMs, day.amounts.files.length],
    [MINUTE_MS, 60, 15 * MINUTE_MS, 96],
  );
  assert.equal(hour.fromMs + 59 * MINUTE_MS, clock.nowMs());
  assert.deepEqual(some(hour, 'files'), [
    [1, 3],
    [0, 2],
  ]);
  assert.deepEqual([some(hour, 'commits'), some(hour, 'bytes')], [[[1, 7]], [[0, 10]]]);
  assert.deepEqual(some(day, 'files'), [[0, 5]]);
  await rates.stop();
  await clock.advance(20 * MINUTE_MS);
  const again = await ratesIn(t, directory, clock);
  again.totals.files = 1;
  const later = await again.rates.read();
  assert.deepEqual(some(later.hour, 'files'), [
    [21, 3],
    [20, 2],
    [0, 1],
  ]);
  assert.deepEqual(some(later.day, 'files'), [
    [1, 5],
    [0, 1],
  ]);
});

test('rates: a count that begins anew is no less than none, and the table stays as small as a day (W-52)', async t => {
  const { rates, totals, clock, database } = await ratesIn(t, await tempDirectory(t));
  totals.files = 50;
  await clock.advance(MINUTE_MS);
  totals.files = 4;
  await clock.advance(MINUTE_MS);
  const { hour } = await rates.read();
  assert.equal(
    hour.amounts.files.reduce((sum, amount) => sum + amount, 0),
    54,
  );
  for (let minute = 0; minute < 30 * 60; minute += 10) {
    totals.files += 1;
    await clock.advance(10 * MINUTE_MS);
  }
  await rates.stop();
  const [{ n }] = rows(database, 'SELECT count(*) AS n FROM rates') as [{ n: number }];
  assert.ok(n <= 61 + 97, `${n} rows`);
});
