import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { rows, standingPlace, startStation, until } from '../support/sluice.ts';
import { openPage, startBrowser } from './browser.ts';
import { HOSTILE, seedDeliveries } from './demo.ts';

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
  const files = page.locator('#deliveries tbody tr');
  await files.nth(11).waitFor();
  const cause = (code: string) => page.locator('#causes tbody tr', { hasText: code });
  assert.match((await cause('access_denied').textContent()) ?? '', /gave up.*6 filesRetry all 6/);
  assert.match((await cause('timed_out').textContent()) ?? '', /tried again by itself.*3 files$/);

  const waiting = files.filter({ hasText: 'timed_out' }).first();
  const next = waiting.locator('time').first();
  assert.match((await next.textContent()) ?? '', /^in \d+(m|h\s\d+m)$/);
  await waiting.getByText('3 attempts').press('Enter');
  await waiting.locator('.attempts li').nth(2).waitFor();
  assert.match(
    (await waiting.locator('.attempts li').first().textContent()) ?? '',
    /ago timed_out in 1\.2s: lab/,
  );

  await page.getByLabel('State').selectOption('failed');
  await files.nth(9).waitFor({ state: 'detached' });
  assert.equal(await files.count(), 9);
  await page.getByRole('button', { name: /^Retry: .*scan-0000\.bin/ }).press('Enter');
  await page.getByText('1 file will be tried again.').waitFor();
  await page.getByRole('button', { name: /Retry all 3: object_too_large/ }).click();
  await page.getByText('3 files will be tried again.').waitFor();
  await page.getByLabel('Profile, bucket or path').fill('OUTBOX/readings/2026/day-1/');
  await files.nth(1).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Retry all failed that fit' }).click();
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

test('Dashboard: a list of 100 000 deliveries stays responsive, and holds one page of them at a time (S-21)', async t => {
  const cwd = standingPlace(t);
  await seedDeliveries(cwd, 1);
  // The journal takes a file after the other; so many rows are copies of the one that it made.
  const database = new DatabaseSync(join(cwd, 'sluice.db'));
  database.exec(`
    UPDATE file_records SET current_state = 'completed', upload_outcome = 'success', removed_at_ms = 1, next_attempt_at_ms = NULL;
    CREATE TEMP TABLE copies AS SELECT * FROM file_records LIMIT 1;
    UPDATE copies SET id = NULL;
    WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ${MANY - 1})
    INSERT INTO file_records SELECT NULL, ${columns(database).join(', ')} FROM copies, counted;
  `);
  database.prepare('UPDATE file_records SET filepath = ? WHERE id = 77777').run(`${HOSTILE}.bin`);
  database.close();
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/deliveries`);
  const files = page.locator('#deliveries tbody tr');
  await page.locator('.totals dd', { hasText: '100,000' }).waitFor();
  assert.equal(await files.count(), 50);
  const timed = async (what: string, act: () => Promise<void>): Promise<void> => {
    const startMs = performance.now();
    await act();
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs < RESPONSIVE_MS, `${what} took ${Math.round(tookMs)} ms`);
  };
  for (const turn of [2, 3]) {
    await timed(`page ${turn}`, async () => {
      await page.getByRole('button', { name: 'More' }).press('Enter');
      await page.getByText(`page ${turn}`).waitFor();
      await files.first().waitFor();
    });
    assert.equal(await files.count(), 50);
  }
  await timed('a search', async () => {
    await page.getByLabel('Profile, bucket or path').fill('<IMG');
    await files.nth(1).waitFor({ state: 'detached' });
  });
  assert.match((await files.first().textContent()) ?? '', /local\/outbox\/<img src=x onerror=/);
  assert.equal(await page.locator('img[src="x"]').count(), 0);
  assert.equal(await page.title(), 'Deliveries · sluice');
  assert.deepEqual(complaints, []);
});

/** Of file_records, with the path made unlike; less the id. */
function columns(database: DatabaseSync): readonly string[] {
  const all = database.prepare('PRAGMA table_info(file_records)').all();
  return all
    .map(({ name }) => String(name))
    .filter(name => name !== 'id')
    .map(name => (name === 'filepath' ? "filepath || '.' || n" : name));
}
