import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { standingPlace, startStation, until } from '../support/sluice.ts';
import { openPage, startBrowser } from './browser.ts';
import { seedDeliveries } from './demo.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

test('Now says in a sentence whether all flows, and acts on what is stuck where it says so: retry, drop, pause and undo (W-4, W-5, S-20)', async t => {
  const cwd = standingPlace(t);
  await seedDeliveries(cwd, 12);
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const { page, complaints } = await openPage(t, browser, station.url);
  await page.getByText('2 things need you; one is tried again by itself.').waitFor();
  const stuck = page.locator('#troubles li');
  const cause = (code: string) => stuck.filter({ hasText: code });

  // What loses something is asked for twice, and can be taken back for some seconds.
  const drop = async (): Promise<void> => {
    await cause('access_denied').getByRole('button', { name: 'Drop: access_denied' }).press('Enter');
    await page.getByRole('button', { name: 'Delete 6 files, undelivered?: access_denied' }).press('Enter');
    await page.getByRole('button', { name: 'Now: Delete 6 files, undelivered' }).waitFor();
  };
  await drop();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('Taken back: nothing was done.').waitFor();
  // Nor is anything done once the window that knows of it is gone.
  await drop();
  await page.reload();
  await cause('access_denied').getByRole('link', { name: '6 files failed' }).waitFor();
  await drop();
  await page.getByRole('button', { name: 'Now: Delete 6 files, undelivered' }).press('Enter');
  await page.getByText('6 files dropped.').waitFor();
  await cause('access_denied').waitFor({ state: 'detached' });
  await cause('object_too_large').getByRole('button', { name: 'Retry all 3' }).press('Enter');
  await page.getByText('3 files will be tried again.').waitFor();
  await page.getByText('Nothing needs you; one is tried again by itself.').waitFor();
  // The line of what was delivered follows by itself.
  await page.getByRole('img', { name: /^files in the last hour: 3, most at / }).waitFor();

  await station.ask('/api/v1/pauses', { kind: 'profile', name: 'local' });
  await page.reload();
  await page.getByRole('button', { name: 'Resume: local' }).click();
  await page.getByText('local goes on.').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('local is paused: nothing goes there until it is resumed.').waitFor();
  const { body } = await station.ask('/api/v1/pauses');
  const { pauses } = body as unknown as { pauses: readonly { name: string }[] };
  assert.deepEqual(
    pauses.map(({ name }) => name),
    ['local'],
  );
  assert.deepEqual(complaints, []);
});

test('rates are those that the station keeps, for an hour and for a day, each with its amounts in words (W-4)', async t => {
  const cwd = standingPlace(t);
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const { page, complaints } = await openPage(t, browser, station.url);
  const lines = page.getByRole('img', { name: / in the last hour: none$/ });
  await lines.nth(4).waitFor();
  await page.getByRole('button', { name: 'day', exact: true }).press('Enter');
  await page.getByRole('img', { name: 'files in the last day: none' }).waitFor();
  await until('an hour is chosen no longer', async () => (await lines.count()) === 0);
  await page.locator('.spark').first().hover();
  await page.locator('.spark .tip').waitFor();
  assert.deepEqual(complaints, []);
});

test('a station that falls silent is said in the first sentence, even where no file waits there, until it comes back, has stopped, or is forgotten (W-7, W-4, F-460)', async t => {
  const cwd = standingPlace(t);
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const database = new DatabaseSync(join(cwd, 'sluice.db'), { timeout: 5000 });
  t.after(() => database.close());
  const columns = database
    .prepare('PRAGMA table_info(stations)')
    .all()
    .map(({ name }) => String(name));
  const made: Record<string, string> = {
    id: "'lost'",
    name: "'lab-2:/srv'",
    beat_at_ms: 'beat_at_ms - 3600000',
  };
  database.exec(
    `INSERT INTO stations (${columns.join()}) SELECT ${columns.map(name => made[name] ?? name).join()} FROM stations`,
  );
  const { page, complaints } = await openPage(t, browser, station.url);
  await page.getByText('One thing needs you.').waitFor();
  await page.getByText('2 stations share the store, 1 silent.').waitFor();
  const item = page.locator('#troubles li');
  await item.getByText('it says nothing; what it gathered is up to the others').waitFor();
  assert.equal((await station.ask('/api/v1/stations/leave', { id: 'nobody' })).status, 404);
  const { body } = await station.ask('/api/v1/status');
  const { stations } = body as unknown as { stations: readonly { id: string }[] };
  const own = stations.find(({ id }) => id !== 'lost');
  assert.equal((await station.ask('/api/v1/stations/leave', { id: own?.id })).body.code, 'usage');
  await item.getByRole('button', { name: 'Forget: lab-2:/srv' }).press('Enter');
  await page.getByText('lab-2:/srv is not missed any more.').waitFor();
  await page.getByText('All flows.').waitFor();
  await page.getByText('stopped 1h').waitFor();
  // What nobody else has is missed whether it has stopped or not.
  database.exec(`UPDATE stations SET holds = json_set(holds, '$.deliveries.failed', 3) WHERE id = 'lost'`);
  await page.getByText('it has stopped, and 3 files lie there that have not arrived').waitFor();
  assert.equal(await item.getByRole('button').count(), 0);
  assert.deepEqual(complaints, []);
});
