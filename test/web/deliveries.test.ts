import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { rows, standingPlace, startStation, until } from '../support/sluice.ts';
import { openPage, startBrowser } from './browser.ts';
import { HOSTILE, seedDeliveries, seedRecords } from './demo.ts';

const MANY = 100_000;
/** On a machine that does other things, too; what goes through all files takes seconds. */
const RESPONSIVE_MS = 2_000;

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

test('failed files by cause, their attempts, the next try counting down, and another round for one, a cause and all that fit (D-42)', async t => {
  const cwd = standingPlace(t);
  await seedDeliveries(cwd, 12);
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/deliveries`);
  const files = page.locator('.list .body .row[data-index]');
  await page.getByText('12 files', { exact: true }).waitFor();
  const cause = (code: string) => page.locator('#causes tbody tr', { hasText: code });
  assert.match((await cause('access_denied').textContent()) ?? '', /gave up.*6 filesRetry all 6/);
  assert.match((await cause('timed_out').textContent()) ?? '', /tried again by itself.*3 files$/);

  const waiting = files.filter({ hasText: 'timed_out' }).first();
  assert.match((await waiting.locator('time').first().textContent()) ?? '', /^in \d+(m|h\s\d+m)$/);
  await waiting.click();
  const one = page.locator('.drawer');
  const tries = one.locator('.attempts li', { hasText: 'try' });
  await tries.nth(2).waitFor();
  assert.match(
    (await tries.first().textContent()) ?? '',
    /^try 1: timed_out in 1\.2s .* agolab\.example did not/,
  );
  await one.getByRole('button', { name: 'Close' }).click();

  await page.getByLabel('State').selectOption('failed');
  await page.getByText('9 files', { exact: true }).waitFor();
  await page.getByRole('grid').press('End');
  await files.filter({ hasText: 'scan-0000.bin' }).hover();
  await page.getByRole('button', { name: /^Retry: .*scan-0000\.bin/ }).click();
  await page.getByText('1 file will be tried again.').waitFor();
  await page.getByRole('button', { name: /Retry all 3: object_too_large/ }).click();
  await page.getByText('3 files will be tried again.').waitFor();
  await page.getByLabel('Profile, bucket or path').fill('OUTBOX/readings/2026/day-1/');
  // A file that is on its way again is one by its cause, too.
  await page.locator('.bar').getByText('1 file', { exact: true }).waitFor();
  await files.first().locator('.choose').click();
  await page.locator('.bar').getByRole('button', { name: 'Retry' }).click();
  await page.getByText('1 file will be tried again.').waitFor();
  await page.getByText('No file fits.').waitFor();
  const failed = () =>
    rows(join(cwd, 'sluice.db'), "SELECT id FROM file_records WHERE current_state = 'failed'");
  assert.equal(failed().length, 4);
  await until('those that were retried are delivered', () => {
    const done = rows(
      join(cwd, 'sluice.db'),
      "SELECT id FROM file_records WHERE current_state = 'completed'",
    );
    return done.length >= 5;
  });
  assert.deepEqual(complaints, []);
});

test('Dashboard: a list of 100 000 deliveries stays responsive, and names from elsewhere are only text (S-21, W-60)', async t => {
  const cwd = standingPlace(t);
  await seedRecords(cwd, MANY);
  const database = new DatabaseSync(join(cwd, 'sluice.db'));
  database.prepare('UPDATE file_records SET filepath = ? WHERE id = 77777').run(`${HOSTILE}.bin`);
  database.close();
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/deliveries`);
  const row = (name: RegExp) => page.getByRole('row', { name });
  await page.locator('.totals dd', { hasText: '98,000' }).waitFor();
  await row(/scan-100000/).waitFor();
  const timed = async (what: string, act: () => Promise<void>): Promise<void> => {
    const startMs = performance.now();
    await act();
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs < RESPONSIVE_MS, `${what} took ${Math.round(tookMs)} ms`);
  };
  for (const [what, share, name] of [
    ['the middle', '/ 2', /scan-050\d\d\d/],
    ['the end', '', /scan-000001/],
  ] as const)
    await timed(what, async () => {
      await page.evaluate(`scrollTo(0, document.documentElement.scrollHeight ${share})`);
      await row(name).first().waitFor();
    });
  await timed('a search', async () => {
    await page.getByLabel('Profile, bucket or path').fill('<IMG');
    await row(/local\/bucket-2\/.*<img src=x onerror=/).waitFor();
  });
  assert.equal(await page.locator('img[src="x"]').count(), 0);
  assert.equal(await page.title(), 'Deliveries · sluice');
  assert.deepEqual(complaints, []);
});
