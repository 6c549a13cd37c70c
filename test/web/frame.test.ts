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

test('an address that leads nowhere says so and leads on (W-2)', async t => {
  const station = await startStation(t, { cwd: standingPlace(t), yaml: 'repos: []\n' });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/nowhere?x=1`);
  await page.getByRole('heading', { name: 'No such page' }).waitFor();
  assert.equal(await page.title(), 'No such page · sluice');
  await page.getByRole('main').getByRole('link', { name: 'Deliveries' }).click();
  await page.getByText('No file fits.').waitFor();
  assert.deepEqual(complaints, []);
});

test('an answer that fails, and one that cannot be shown, are told in their part alone, which goes on once it is right (W-2)', async t => {
  const station = await startStation(t, { cwd: standingPlace(t), yaml: 'repos: []\n' });
  const { page } = await openPage(t, browser, 'about:blank');
  await page.route('**/api/v1/schedule?*', route => route.fulfill({ json: {} }));
  await page.route('**/api/v1/runs?*', route =>
    route.fulfill({
      status: 500,
      json: { detail: 'the shelf fell', hint: 'Put it up again.', code: 'internal' },
    }),
  );
  await page.goto(station.url);
  await page.getByText('Could not be asked for: the shelf fell. Put it up again.').waitFor();
  await page.getByText(/This part cannot be shown: /).waitFor();
  await page.getByText('Nothing is stuck.').waitFor();
  await page.unroute('**/api/v1/schedule?*');
  await page.reload();
  await page.getByText('Nothing runs and nothing is planned.').waitFor();
});

test('what could not be asked for is told as that, not as nothing: neither that all flows nor that a chart is empty (W-2, W-104)', async t => {
  const station = await startStation(t, { cwd: standingPlace(t), yaml: 'repos: []\n' });
  const { page } = await openPage(t, browser, 'about:blank');
  const refuse = (where: string) =>
    page.route(where, route => route.fulfill({ status: 500, json: { detail: 'the shelf fell' } }));
  await refuse('**/api/v1/stuck*');
  await refuse('**/api/v1/insights/**');
  await page.goto(station.url);
  await page.getByText('Whether all flows is not known.').waitFor();
  await page.locator('#stuck .error', { hasText: 'the shelf fell' }).waitFor();
  assert.equal(await page.getByText('Nothing is stuck.').count(), 0);
  await page.goto(`${station.url}/#/insights`);
  for (const id of ['commits', 'contributors', 'authors', 'punch-card', 'cycle-times', 'review-load']) {
    await page.locator(`#${id} .error`, { hasText: 'the shelf fell' }).waitFor();
    assert.equal(await page.locator(`#${id} .empty`).count(), 0, id);
  }
});

test('Escape closes what Ctrl-K opened, with what was typed, and the focus is where it was (W-56)', async t => {
  const station = await startStation(t, { cwd: standingPlace(t), yaml: 'repos: []\n' });
  const { page } = await openPage(t, browser, `${station.url}/#/repositories`);
  const address = page.getByLabel('URL');
  await address.focus();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('capt');
  await page.locator('.palette [aria-current=true]', { hasText: 'Capture' }).waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.palette').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate('document.activeElement.name'), 'url');
  // An action leaves the page where it is, and so the focus.
  await page.keyboard.press('Control+k');
  await page.keyboard.type('deliver what');
  await page.keyboard.press('Enter');
  await page.getByText('0 files delivered, 0 failed.').waitFor();
  assert.equal(await page.evaluate('document.activeElement.name'), 'url');
});

test('where no events come, the page asks instead, and follows all the same (W-3)', async t => {
  const cwd = standingPlace(t);
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const { page } = await openPage(t, browser, 'about:blank');
  await page.route('**/events', route => route.fulfill({ status: 503, json: {} }));
  await page.goto(station.url);
  await page.getByText('Nothing is stuck.').waitFor();
  await station.ask('/api/v1/pauses', { kind: 'profile', name: 'local' });
  await page.getByRole('button', { name: 'Resume: local' }).waitFor();
  assert.equal(await page.getByText(/The station is away/).count(), 0);
});

test('names go in the direction they are written in, times are the reader’s, and stations that share a store are all there (W-6, W-7)', async t => {
  const station = await startStation(t, { cwd: standingPlace(t), yaml: 'repos: []\n' });
  const context = await browser.newContext({
    locale: 'en',
    timezoneId: 'Asia/Kathmandu',
    reducedMotion: 'reduce',
  });
  t.after(() => context.close());
  const page = await context.newPage();
  const name = 'מחסן/גשר';
  const { body } = await station.ask('/api/v1/status');
  const status = body as unknown as { readonly stations: readonly object[] };
  const other = { ...status.stations[0], id: 'other', name, isSilent: true, silentMs: 90_000, url: null };
  await page.route('**/api/v1/status', route =>
    route.fulfill({ json: { ...status, stations: [...status.stations, other] } }),
  );
  await page.route('**/api/v1/runs?*', route =>
    route.fulfill({ json: { runs: [{ ...RUN, finishedAt: '2009-11-30T12:00:00.000Z' }], next: null } }),
  );
  await page.goto(station.url);
  await page.getByText('2 stations share the store, 1 silent.').waitFor();
  await page.getByRole('row', { name: /silent for 1m/ }).waitFor();
  assert.equal(await page.locator(`bdi:dir(rtl):text-is('${name}')`).count(), 1);
  const time = page.locator('#runs time');
  assert.match((await time.getAttribute('title')) ?? '', /^Nov 30, 2009, 5:45:00 PM GMT\+5:45$/);
  assert.match((await time.textContent()) ?? '', /^\d+\syears ago$/);
  await page.locator('form[aria-label="Bake a repository"] input[name=url]').fill('file:///etc');
  await page.getByRole('button', { name: 'Bake', exact: true }).click();
  await page.locator('.toast').waitFor();
  assert.equal(
    await page.evaluate("getComputedStyle(document.querySelector('.toast')).animationName"),
    'none',
  );
});

const RUN = {
  ...{
    id: 1,
    url: 'https://git.example/a',
    state: 'done',
    reason: 'asked for',
    requestedAt: null,
    startedAt: null,
  },
  ...{ summary: null, error: null, links: { self: '/api/v1/runs/1' } },
};

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
  // A page that nobody has opened before cannot be shown now, and is by itself later.
  await page.getByRole('link', { name: 'Capture', exact: true }).click();
  await page.getByText('This page could not be loaded').waitFor();
  await startStation(t, { cwd, args: ['--port', new URL(station.url).port] });
  await banner.waitFor({ state: 'detached' });
  await page.getByText('List collectors in sluice.yaml').waitFor();
  await page.locator('main:not(.is-old)').waitFor();
  await page.getByText(/^version .*nothing due/).waitFor();
});
