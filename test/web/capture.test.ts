import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { standingPlace, startStation } from '../support/sluice.ts';
import { openPage, startBrowser } from './browser.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

test('collectors with readings, missed ticks and errors; a file from its collector to its object; the disk (K-11, S-20)', async t => {
  const cwd = standingPlace(t);
  writeFileSync(join(cwd, 'heat'), '41500\n');
  const station = await startStation(t, {
    cwd,
    yaml: `repos: []
sync: {interval: 500ms}
capture:
  completeBeforeSync: true
  collectors:
    - {name: heat, every: 50ms, file: heat, to: s3://local/outbox/readings}
    - {name: broken, every: 200ms, file: not-there, to: s3://local/outbox/readings}
    - {name: resting, every: 1s, file: heat, disabled: true, to: s3://local/outbox/readings}
`,
  });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/capture`);
  const collector = (name: string) => page.locator('#collectors tbody tr', { hasText: name });
  await collector('heat file runs').getByText('50ms').waitFor();
  await collector('broken file failing').getByText('no such file').waitFor();
  await collector('resting file rests').waitFor();
  const heads = await page.locator('#collectors th').allTextContents();
  assert.deepEqual(heads.slice(1), ['Every', 'Readings', 'Missed', 'Last reading', 'In progress', 'Files']);

  const delivered = page.locator('.list .body .row[data-index]', { hasText: 'delivered' }).first();
  await delivered.getByText(/heat\/.*\.ndjson/).waitFor();
  await page.locator('#filter-collector').selectOption('broken');
  await page.getByText('No file is complete yet').waitFor();
  await page.locator('#filter-collector').selectOption('heat');
  await delivered.locator('.main').click();
  const one = page.locator('.drawer');
  await one.getByText(/s3:\/\/local\/outbox\/readings\/heat\/.*\.ndjson/).waitFor();
  await one.getByText('heat, by file at').waitFor();
  await one.getByRole('link', { name: 'Its delivery' }).click();
  await page.getByRole('heading', { name: 'One delivery' }).waitFor();
  await page.locator('.drawer .attempts li', { hasText: 'delivered in' }).waitFor();
  await page.goBack();
  await page.getByText(/% of the disk is used/).waitFor();
  await page.getByText('Nothing had to give way so far.').waitFor();
  assert.deepEqual(complaints, []);
});
