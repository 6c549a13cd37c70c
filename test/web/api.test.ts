import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { standingPlace, startStation } from '../support/sluice.ts';
import { openPage, overflow, seriousFaults, startBrowser } from './browser.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

test('the API describes itself to people: each operation with what it takes and answers, and the shapes that these have (S-21, W-6)', async t => {
  const station = await startStation(t, { cwd: standingPlace(t), yaml: 'repos: []\n' });
  const { page, complaints } = await openPage(t, browser, `${station.url}/api.html`);
  const list = page.locator('#listDeliveries');
  await list.getByText('GET /api/v1/deliveries').click();
  await list.getByText('"newest" | "path" | "size" | "change"').waitFor();
  await list.getByText('Answer 200').waitFor();
  const shape = page.locator('#shape-Delivery');
  await shape.locator('summary').click();
  await shape.getByText('whether its file is still in the spool').waitFor();
  assert.deepEqual(await seriousFaults(page), []);
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok((await overflow(page)) <= 0);
  assert.deepEqual(complaints, []);
});
