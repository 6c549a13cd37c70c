import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { standingPlace, startStation } from '../support/sluice.ts';
import { openPage, startBrowser } from './browser.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

test('an address that leads nowhere says so and leads on; a part that fails leaves the frame (W-2)', async t => {
  const station = await startStation(t, { cwd: standingPlace(t), yaml: 'repos: []\n' });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/nowhere?x=1`);
  await page.getByRole('heading', { name: 'No such page' }).waitFor();
  assert.equal(await page.title(), 'No such page · sluice');
  await page.getByRole('main').getByRole('link', { name: 'Deliveries' }).click();
  await page.getByText('No file fits.').waitFor();
  assert.deepEqual(complaints, []);
});

test('a station that is away is told with since when, what is shown is dimmed, and both go by themselves when it is back (W-3)', async t => {
  const cwd = standingPlace(t);
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const { page } = await openPage(t, browser, station.url);
  await page.getByText('Nothing is stuck.').waitFor();
  const banner = page.getByText(/The station is away since \d+:\d\d/);
  assert.equal(await banner.count(), 0);
  station.process.kill('SIGKILL');
  await banner.waitFor();
  await page.locator('main.is-old').waitFor();
  assert.equal(await page.getByText('Nothing is stuck.').isVisible(), true);
  await startStation(t, { cwd, args: ['--port', new URL(station.url).port] });
  await banner.waitFor({ state: 'detached' });
  await page.locator('main:not(.is-old)').waitFor();
  await page.getByText(/^version .*nothing due/).waitFor();
});
