import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Locator } from 'playwright-core';
import { until } from '../support/sluice.ts';
import { openPage, overflow, startBrowser } from './browser.ts';
import { demoStation } from './demo.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** Charts of the page that have a picture on this station. */
const CHARTS = [
  'commits',
  'contributors',
  'authors',
  'punch-card',
  'cycle-times',
  'review-load',
  'throughput',
  'schedule-line',
  'disks',
] as const;

async function told(plot: Locator): Promise<string> {
  const text = (await plot.getAttribute('aria-valuetext')) ?? '';
  return text.replace(/[\u2009\u202f\u00a0]/g, ' ').replaceAll('–', '-');
}

test('insights of a station: each chart has its words and figures, on a phone as well; cycle times and reviews are those of the API (W-102, W-100, W-104, W-110)', async t => {
  const station = await demoStation(t);
  await until('all changesets are synced', async () => {
    const { body } = await station.ask('/api/v1/insights/changesets/reviews?since=2000-01-01');
    return (body as unknown as { everybody: { reviews: number } }).everybody.reviews === 24;
  });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/insights`);
  for (const id of CHARTS) {
    const chart = page.locator(`#${id}`);
    await chart.locator('.picture > *').first().waitFor();
    assert.notEqual((await chart.locator('.chart-words').textContent()) ?? '', '', id);
    await chart.getByRole('button', { name: 'Table' }).click();
    await chart.locator('.figures tbody tr').first().waitFor();
    await chart.getByRole('button', { name: 'Table' }).click();
  }
  // What has not been read is not told as nothing.
  const churn = page.locator('#churn .chart-words');
  await churn
    .getByText('Of 2 repositories what commits changed has not, or not wholly, been read.')
    .waitFor();
  const reviews = page.locator('#review-load .plot');
  await reviews.focus();
  await page.keyboard.press('End');
  assert.match(await told(reviews), /^.* \d{4}: \d+ mary$/);
  await page.getByText('mary gave 100 % of them.').waitFor();
  await page.getByRole('button', { name: '4 weeks' }).click();
  await page.locator('#cycle-times h3', { hasText: 'per week' }).waitFor();
  await page.getByLabel('Of one repository').fill('acme/nothing');
  await page.keyboard.press('Enter');
  await page.locator('#cycle-times', { hasText: 'Nothing was merged in this time.' }).waitFor();
  await page.getByText('Nobody reviewed anything in this time.').waitFor();
  const throughput = page.locator('#throughput');
  await throughput.getByRole('button', { name: 'Hour' }).click();
  await throughput.locator('h3', { hasText: 'in the last hour' }).waitFor();
  for (const textSize of ['100%', '200%']) {
    await page.evaluate(`document.documentElement.style.fontSize = '${textSize}'`);
    for (const width of [360, 1100]) {
      await page.setViewportSize({ width, height: 800 });
      assert.ok((await overflow(page)) <= 0, `${width} at ${textSize}`);
    }
  }
  assert.deepEqual(complaints, []);
});
