import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { bytes } from '../../src/web/parts/words.ts';
import { grownRepository, rows, standingPlace, startStation, until } from '../support/sluice.ts';
import { openPage, overflow, seriousFaults, startBrowser } from './browser.ts';
import { seedDeliveries, seedRecords } from './demo.ts';

const MANY = 100_000;
/** More than any screen shows, and far less than a page of the API. */
const MOST_DRAWN = 90;

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** Whether all of the row that the keys are at is on the screen. */
const isActiveSeen = (page: Page): Promise<boolean> =>
  page.evaluate(`(({ top, bottom }) => top >= 0 && bottom <= innerHeight)(
    document.querySelector('.list .row.active').getBoundingClientRect())`);

/** Rows of the list that is open. */
const listed = (page: Page) => page.locator('.list .body .row[data-index]');
const row = (page: Page, name: string | RegExp) => page.getByRole('row', { name });
const active = (page: Page) => page.locator('.list .row.active');

test('a list of 100 000 rows has those on the screen alone, from the first to the last, with totals; orders, searches and the row stand in the address (W-60, W-61, W-63)', async t => {
  const cwd = standingPlace(t);
  await seedRecords(cwd, MANY);
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/deliveries`);
  const grid = page.getByRole('grid', { name: 'Files' });
  await page.getByText('100,000 files', { exact: true }).waitFor();
  await row(page, /scan-100000\.bin/).waitFor();
  assert.equal(await grid.getAttribute('aria-rowcount'), '100001');
  assert.ok((await listed(page).count()) < MOST_DRAWN);

  // By the page's own scroll bar, to the end of all.
  await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
  const last = row(page, /scan-000001\.bin/);
  await last.waitFor();
  assert.equal(await last.getAttribute('aria-rowindex'), '100001');
  assert.ok((await listed(page).count()) < MOST_DRAWN);
  await page.evaluate('scrollTo(0, document.documentElement.scrollHeight / 2)');
  await row(page, /scan-0500\d\d\.bin/)
    .first()
    .waitFor();

  // From where the reader is, by keys.
  await page.keyboard.press('j');
  assert.match((await active(page).textContent()) ?? '', /scan-05\d\d\d\d\.bin|scan-04\d\d\d\d\.bin/);
  const before = Number(await active(page).getAttribute('data-index'));
  for (const key of ['j', 'j', 'k', 'j']) await page.keyboard.press(key);
  assert.equal(Number(await active(page).getAttribute('data-index')), before + 2);
  assert.equal(await grid.getAttribute('aria-activedescendant'), await active(page).getAttribute('id'));
  const name = await active(page).locator('.main').textContent();
  await page.waitForURL(url => url.hash.includes(`at=${before + 3}`));

  // What the address says is what another reader sees.
  const other = await openPage(t, browser, page.url());
  await active(other.page).waitFor();
  assert.equal(await active(other.page).locator('.main').textContent(), name);
  await until('the row is on the screen', () => isActiveSeen(other.page));

  const extreme = (of: 'max' | 'min'): string => {
    const [found] = rows(join(cwd, 'sluice.db'), `SELECT ${of}(size_bytes) AS size FROM file_records`);
    return bytes(Number(found?.size));
  };
  await page.getByRole('button', { name: 'Size' }).click();
  await page.waitForURL(/order=size/);
  await until('the largest comes first', async () => (await sizes(page))[0] === extreme('max'));
  assert.equal(
    await page.getByRole('columnheader', { name: 'Size' }).getAttribute('aria-sort'),
    'descending',
  );
  await page.getByRole('button', { name: 'Size' }).click();
  await until('the smallest comes first', async () => (await sizes(page))[0] === extreme('min'));
  assert.match(page.url(), /order=size&reverse=true/);

  await page.keyboard.press('/');
  await page.keyboard.type('DAY-100/scan');
  await page.getByText('274 files', { exact: true }).waitFor();
  await page.getByLabel('State').selectOption('failed');
  await page.getByText('28 files', { exact: true }).waitFor();
  assert.match(page.url(), /search=DAY-100%2Fscan&state=failed|state=failed&search=DAY-100%2Fscan/);
  assert.deepEqual([...complaints, ...other.complaints], []);
});

test('several rows are chosen by keys, Shift, the pointer and all at once, and acted upon; Enter opens one beside the list, Escape goes back (W-61, W-62)', async t => {
  const cwd = standingPlace(t);
  await seedDeliveries(cwd, 40);
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/deliveries?state=failed`);
  const chosen = page.locator('.list .row[aria-selected="true"]');
  await page.getByText('30 files', { exact: true }).waitFor();
  for (const key of ['j', 'x', 'j', 'j', 'x']) await page.keyboard.press(key);
  await page.getByText('2 of 30 files chosen').waitFor();
  await page.keyboard.press('Shift+j');
  await page.keyboard.press('Shift+j');
  await page.getByText('4 of 30 files chosen').waitFor();
  await listed(page).nth(6).locator('.choose').click();
  await listed(page)
    .nth(9)
    .locator('.choose')
    .click({ modifiers: ['Shift'] });
  await page.getByText('8 of 30 files chosen').waitFor();
  assert.equal(await chosen.count(), 8);
  await page.keyboard.press('Escape');
  await page.getByText('30 files', { exact: true }).waitFor();
  assert.equal(await chosen.count(), 0);

  // Enter opens, and the keys go on with it; Escape closes.
  const drawer = page.locator('.drawer');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await drawer
    .getByText(/scan-00\d\d\.bin/)
    .first()
    .waitFor();
  const opened = await active(page).locator('.main').textContent();
  await drawer.getByText(opened ?? '').waitFor();
  await page.keyboard.press('j');
  const next = await active(page).locator('.main').textContent();
  assert.notEqual(next, opened);
  await drawer.getByText(next ?? '').waitFor();
  assert.match(page.url(), /id=\d+/);
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  assert.doesNotMatch(page.url(), /id=\d+/);
  assert.equal(await page.evaluate("document.activeElement.getAttribute('role')"), 'grid');

  // One by its key; all that fit but one; what cannot be taken back is asked for twice.
  await page.keyboard.press('r');
  await page.getByText('1 file will be tried again.').waitFor();
  await page.getByText('29 files', { exact: true }).waitFor();
  await listed(page).first().locator('.choose').click();
  await page.getByRole('button', { name: 'Choose all 29' }).click();
  await page.getByText('29 of 29 files chosen').waitFor();
  await listed(page).nth(2).locator('.choose').click();
  await page.getByText('28 of 29 files chosen').waitFor();
  const spared = await listed(page).nth(2).locator('.main').textContent();
  await page.locator('.bar').getByRole('button', { name: 'Drop' }).click();
  await page.getByRole('button', { name: 'Delete 28 files, undelivered?' }).click();
  await page.getByRole('button', { name: 'Now: Delete 28 files, undelivered' }).click();
  await page.getByText('28 files dropped.').waitFor();
  const left = () =>
    rows(
      join(cwd, 'sluice.db'),
      "SELECT profile || '/' || bucket || '/' || filepath AS path FROM file_records WHERE current_state = 'failed' AND dropped_at_ms IS NULL",
    );
  assert.deepEqual(
    left().map(({ path }) => path),
    [spared],
  );
  await page.keyboard.press('?');
  await page.getByText('choose several').waitFor();
  assert.deepEqual(complaints, []);
});

test('what comes and goes meanwhile leaves the row that somebody reads where it is on the screen (W-64)', async t => {
  const cwd = standingPlace(t);
  await seedRecords(cwd, 500);
  const station = await startStation(t, { cwd, yaml: 'repos: []\nsync: {interval: 500ms}\n' });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/deliveries`);
  await page.getByText('500 files', { exact: true }).waitFor();
  await page.evaluate('scrollTo(0, document.documentElement.scrollHeight / 2)');
  const read = row(page, /scan-000250\.bin/);
  await read.waitFor();
  const whereAt = async () => Math.round((await read.boundingBox())?.y ?? -1);
  const atFirst = await whereAt();
  const incoming = join(cwd, 'station', 'incoming', 'local', 'outbox');
  mkdirSync(incoming, { recursive: true });
  for (let at = 0; at < 30; at += 1) writeFileSync(join(incoming, `new-${at}.txt`), `new ${at}`);
  await page.getByText('530 files', { exact: true }).waitFor();
  assert.ok(Math.abs((await whereAt()) - atFirst) <= 2, `it moved from ${atFirst} to ${await whereAt()}`);
  await page.getByRole('button', { name: '30 newer' }).click();
  await row(page, /new-\d+\.txt/)
    .first()
    .waitFor();
  assert.deepEqual(complaints, []);
});

test('a list holds in light and dark without serious findings of axe, on a phone and with large text without scrolling sideways, for those who want no motion (W-6, W-60)', async t => {
  const cwd = standingPlace(t);
  await seedDeliveries(cwd, 40);
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/deliveries`);
  await listed(page).first().waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.keyboard.press('Enter');
  await page.locator('.drawer .attempts li').first().waitFor();
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await seriousFaults(page), [], colorScheme);
  }
  for (const textSize of ['100%', '200%']) {
    await page.evaluate(`document.documentElement.style.fontSize = '${textSize}'`);
    for (const width of [390, 1100]) {
      await page.setViewportSize({ width, height: 844 });
      await until(`fits ${width} at ${textSize}`, async () => (await overflow(page)) <= 0);
      await until('the row is still on the screen', () => isActiveSeen(page));
    }
  }
  assert.deepEqual(complaints, []);
});

test('the way back closes what was opened beside a list and leaves the list as it is; the way on opens it again (W-61, W-63)', async t => {
  const cwd = standingPlace(t);
  await seedRecords(cwd, 400);
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/deliveries`);
  await page.getByText('400 files', { exact: true }).waitFor();
  await page.evaluate('scrollTo(0, document.documentElement.scrollHeight / 2)');
  await row(page, /scan-000200\.bin/).waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('region', { name: 'One delivery' });
  await drawer.waitFor();
  await page.keyboard.press('j');
  const name = await active(page).locator('.main').textContent();
  await drawer.getByText(name ?? '').waitFor();
  const scrolledPx = await page.evaluate('scrollY');
  await page.goBack();
  await drawer.waitFor({ state: 'detached' });
  assert.match(page.url(), /#\/deliveries/);
  assert.equal(await active(page).locator('.main').textContent(), name);
  assert.equal(await page.evaluate('scrollY'), scrolledPx);
  assert.equal(await page.evaluate("document.activeElement.getAttribute('role')"), 'grid');
  await page.goForward();
  await drawer.getByText(name ?? '').waitFor();
  assert.deepEqual(complaints, []);
});

test('what a row is about is read in full however many columns there are, and no name is cut where it begins (W-60, W-6)', async t => {
  const cwd = standingPlace(t);
  await seedDeliveries(cwd, 12);
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const { page } = await openPage(t, browser, `${station.url}/#/deliveries`);
  await page.getByText('12 files', { exact: true }).waitFor();
  for (const width of [760, 1000, 1140, 1160, 1280, 1400]) {
    await page.setViewportSize({ width, height: 800 });
    await until(`paths are whole at ${width}`, async () => (await page.evaluate(CUT)) === 0);
  }
  await page.setViewportSize({ width: 390, height: 800 });
  const idle = page.locator('.list .titles .fixed:visible');
  await until('titles that order nothing are left out on a phone', async () => (await idle.count()) === 0);
  await page.setViewportSize({ width: 1000, height: 800 });
  // Where there is no room for all of it, a name from the right keeps its right end.
  await page.evaluate(
    "document.querySelector('.list .main bdi:last-of-type').textContent = 'قراءات '.repeat(60)",
  );
  assert.equal(await page.evaluate(CUT), 1);
  assert.deepEqual(await page.evaluate(BEGINNING), { overflows: 'left', isInRow: true });
});

/** How many names of rows are not shown in full. */
const CUT = `[...document.querySelectorAll('.list .row[data-index] .main bdi')]
  .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1).length`;

/** Of the first row's name: to which side it is cut, and whether its right end is within the row. */
const BEGINNING = `(() => {
  const name = document.querySelector('.list .main bdi:last-of-type');
  const range = document.createRange();
  range.selectNodeContents(name);
  const whole = range.getBoundingClientRect();
  const shown = name.getBoundingClientRect();
  const row = name.closest('.row').getBoundingClientRect();
  return {
    overflows: whole.left < shown.left - 1 ? 'left' : 'right',
    isInRow: whole.right <= row.right + 1,
  };
})()`;

test('several deletions wait side by side, each is taken back or done by itself, and what is chosen meanwhile stays chosen (W-5, W-62)', async t => {
  const cwd = standingPlace(t);
  await seedDeliveries(cwd, 12);
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/deliveries?state=failed`);
  await page.getByText('9 files', { exact: true }).waitFor();
  const choose = (at: number) => listed(page).nth(at).locator('.choose').click();
  const chosen = (words: string) => page.locator('.bar').getByText(words, { exact: true }).waitFor();
  const drop = async (question: string): Promise<void> => {
    await page.locator('.bar').getByRole('button', { name: 'Drop' }).click();
    await page.locator('.bar').getByRole('button', { name: question }).click();
    await page.locator('.toast', { hasText: question.slice(0, -1) }).waitFor();
    // They are spoken for; nothing of them is chosen any more.
    await chosen('9 files');
  };
  await choose(0);
  await choose(1);
  await drop('Delete 2 files, undelivered?');
  await choose(2);
  const name = await listed(page).nth(2).locator('.main').textContent();
  await drop('Delete 1 file, undelivered?');
  // It says which one.
  await page.locator('.toast', { hasText: `(${name})` }).waitFor();
  await page.locator('.toast', { hasText: 'Delete 2 files' }).getByRole('button', { name: 'Undo' }).click();
  await chosen('2 of 9 files chosen');
  await page.getByRole('button', { name: 'Now: Delete 1 file, undelivered' }).click();
  await page.getByText('1 file dropped.').waitFor();
  await chosen('2 of 9 files chosen');
  assert.deepEqual(complaints, []);

  // What fails so much later says what was not done, and of which.
  await page.route('**/api/v1/deliveries/failed/drop', route => route.abort());
  await drop('Delete 2 files, undelivered?');
  await page.getByRole('button', { name: 'Now: Delete 2 files, undelivered' }).click();
  await page.getByText('Delete 2 files, undelivered: not done. the station does not answer').waitFor();
  await chosen('2 of 9 files chosen');
});

test('a list that cannot be asked for says so and leaves the rest of the page, and comes back by itself; names are shown in the direction that they are written in (W-2, W-6, W-60)', async t => {
  const cwd = standingPlace(t);
  await seedDeliveries(cwd, 12);
  const station = await startStation(t, { cwd, yaml: 'repos: []\nsync: {interval: 500ms}\n' });
  const { page } = await openPage(t, browser, 'about:blank');
  await page.route('**/api/v1/deliveries?*', route => route.fulfill({ status: 502, body: 'Bad Gateway' }));
  await page.goto(`${station.url}/#/deliveries`);
  await page.getByText('Could not be asked for').waitFor();
  await page.locator('.totals dd').first().waitFor();
  await page.getByText('access_denied').first().waitFor();

  await page.unroute('**/api/v1/deliveries?*');
  const incoming = join(cwd, 'station', 'incoming', 'local', 'outbox');
  mkdirSync(incoming, { recursive: true });
  writeFileSync(join(incoming, 'قراءات.csv'), 'reading');
  await page.getByText('13 files', { exact: true }).waitFor();
  const name = listed(page).first().locator('bdi').last();
  assert.equal(await name.textContent(), 'قراءات.csv');
  assert.equal(await page.evaluate(DIRECTION), 'rtl');
});

/** Of the name of the first row's file. */
const DIRECTION =
  "getComputedStyle([...document.querySelectorAll('.list .row[data-index] .main bdi')].at(1)).direction";

/** What the rows on the screen say of their sizes. */
function sizes(page: Page): Promise<readonly string[]> {
  return page.locator('.list .body [data-label="Size"]').allTextContents();
}

test('a row that comes to be while its list is open is there by itself, without the page being loaded anew: a file, a repository (W-3, W-64)', async t => {
  const cwd = standingPlace(t);
  const origin = grownRepository(join(standingPlace(t), 'origin.git'), 5, 2);
  const station = await startStation(t, {
    cwd,
    yaml: 'repos: []\ngit: {allowPaths: [/]}\nsync: {interval: 1h}\n',
  });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/deliveries`);
  await page.getByText('0 files', { exact: true }).waitFor();
  await page.evaluate('globalThis.isTheSamePage = true');
  const incoming = join(cwd, 'station/incoming/local/outbox');
  mkdirSync(incoming, { recursive: true });
  writeFileSync(join(incoming, 'first.bin'), 'content');
  await page.getByRole('row', { name: /first\.bin.*delivered/ }).waitFor();
  await page.getByText('1 file', { exact: true }).waitFor();
  writeFileSync(join(incoming, 'second.bin'), 'content');
  await page.getByRole('row', { name: /second\.bin.*delivered/ }).waitFor();
  await page.getByRole('row', { name: /first\.bin/ }).waitFor();
  await page.getByText('2 files', { exact: true }).waitFor();

  await page.getByRole('link', { name: /^Repositories/ }).click();
  await page.getByText('0 repositories', { exact: true }).waitFor();
  await station.ask('/bake', { url: origin.path, wait: true });
  await page.getByRole('row', { name: /origin\.git/ }).waitFor();
  await page.getByText('1 repository', { exact: true }).waitFor();
  assert.equal(await page.evaluate('globalThis.isTheSamePage'), true);
  assert.deepEqual(complaints, []);
});
