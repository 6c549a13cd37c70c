import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { until } from '../support/sluice.ts';
import { openPage, startBrowser } from './browser.ts';
import { demoStation, HOSTILE } from './demo.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

test('the schedule says when, where and why; it is narrowed by what is chosen, the time line included, all of it in the address; what is raised there runs (C-8, C-21, S-20, W-130)', async t => {
  const station = await demoStation(t);
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/schedule?search=firmware%235`);
  const rows = page.locator('.list .body .row[data-index]');
  const total = page.locator('.list .bar [role="status"]');
  await page.locator('.list', { hasText: HOSTILE }).waitFor();
  assert.equal(await page.locator('img[src="x"], main script').count(), 0);
  await page.getByLabel('Address').fill('');
  const isComplete = async (): Promise<boolean> => {
    const { body } = await station.ask('/api/v1/schedule/targets');
    const { total: waiting } = body as unknown as { readonly total: number };
    return waiting > 40 && (await total.textContent()) === `${waiting} places on the schedule`;
  };
  await until('all that waits is counted', isComplete);

  await page.getByLabel('Kind').selectOption('repository');
  await page.getByText('4 places on the schedule').waitFor();
  assert.match(page.url(), /kind=repository/);
  await page.getByRole('row', { name: /dashboard\.git .* → every 8 h/ }).waitFor();
  await page.getByLabel('Show').selectOption('failing');
  await page.getByText('1 place on the schedule').waitFor();
  assert.match((await rows.first().textContent()) ?? '', /gone-away\.git.*local.*failed once/);
  await page.reload();
  await page.getByText('1 place on the schedule').waitFor();
  assert.equal(await page.getByLabel('Kind').inputValue(), 'repository');
  await page.getByLabel('Show').selectOption('');
  await page.getByText('4 places on the schedule').waitFor();

  const sync = page.getByRole('row', { name: /dashboard\.git/ });
  await page.keyboard.press('j');
  while ((await page.locator('.list .row.active').textContent())?.includes('dashboard.git') !== true)
    await page.keyboard.press('j');
  await page.keyboard.press('s');
  await page.getByText('It is first in line.').waitFor();
  await until('it was synced', async () => {
    const { body } = await station.ask('/api/v1/schedule/targets?search=dashboard.git&kind=repository');
    const [item] = (body as unknown as { targets: readonly { dueAt: string; priority: string }[] }).targets;
    return item?.priority === 'normal' && Date.parse(item.dueAt) > Date.now() + 7.9 * 3_600_000;
  });
  await sync.waitFor();

  // What is dragged over on the time line is what the list shows.
  await page.getByLabel('Kind').selectOption('');
  await page.getByRole('button', { name: 'Hour' }).click();
  await page.locator('#schedule-line h3', { hasText: 'hour, by the minute' }).waitFor();
  await page.getByRole('button', { name: 'Week' }).click();
  await page.getByRole('button', { name: 'By kind' }).click();
  assert.match(page.url(), /ahead=week&by=kind|by=kind.*ahead=week/);
  const plot = page.locator('#schedule-line .plot');
  await plot.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Enter');
  await page.getByText(/^Only what falls due from /).waitFor();
  assert.match(page.url(), /due=/);
  await until(
    'the list is narrowed',
    async () => Number.parseInt((await total.textContent()) ?? '', 10) < 40,
  );
  await page.getByRole('button', { name: 'Whenever it is due' }).click();
  await until('all is shown again', isComplete);
  assert.deepEqual(complaints, []);
});

test('what is held and paused is told where it is due; hosts are paused and resumed there (W-50, W-130)', async t => {
  const station = await demoStation(t);
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/schedule`);
  const { host } = station.standIn;
  await page.getByRole('button', { name: `Pause: ${host}` }).click();
  await page.getByText(`${host} is paused: nothing goes there until it is resumed.`).waitFor();
  await page
    .getByRole('table', { name: 'Hosts' })
    .getByText(/^paused for/)
    .waitFor();
  await page.locator('#schedule-line .pane-name', { hasText: 'paused for' }).waitFor();
  await page.getByLabel('Show').selectOption('held');
  const held = (await station.ask('/api/v1/schedule/targets?show=held')).body as unknown as { total: number };
  assert.equal(held.total > 0, true);
  await page.getByText(`${held.total} places on the schedule`).waitFor();
  await page.getByRole('button', { name: `Resume: ${host}` }).click();
  await page.getByText('0 places on the schedule').waitFor();
  await page.getByText('Nothing is planned that fits.').waitFor();
  assert.deepEqual(complaints, []);
});
