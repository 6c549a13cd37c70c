import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { standingPlace, startStation, until } from '../support/sluice.ts';
import { contrast, openPage, overflow, seriousFaults, startBrowser } from './browser.ts';
import { demoStation } from './demo.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** Each page with something on it that shows that it is complete. */
const PAGES: readonly (readonly [path: string, shown: string])[] = [
  ['', '#troubles li'],
  ['schedule', '.list .row .main a'],
  ['repositories', '.list .row .main a'],
  ['people', 'tbody tr'],
  ['changesets?at=10', '.list .row .main a'],
  ['deliveries', '.list .body .row[data-index]'],
  ['capture', '#collectors tbody tr'],
];

test('Dashboard: every page holds in light and dark without serious findings of axe, on a phone 360 pixels wide and with text at 200 %, without scrolling sideways (S-21, W-6)', async t => {
  const station = await demoStation(t);
  const { body } = await station.ask('/api/v1/repositories?search=firmware');
  const [{ url } = { url: '' }] = body.repositories;
  const { page, complaints } = await openPage(t, browser, station.url);
  for (const [path, shown] of [
    ...PAGES,
    [`repository?url=${encodeURIComponent(url)}`, '#hot-spots .tree-map svg'] as const,
  ]) {
    await page.goto(`${station.url}/#/${path}`);
    await page.locator(shown).first().waitFor();
    for (const textSize of ['100%', '200%']) {
      await page.evaluate(`document.documentElement.style.fontSize = '${textSize}'`);
      for (const width of [360, 1100]) {
        await page.setViewportSize({ width, height: 800 });
        // Charts follow the window a moment later.
        await until(`${path} fits ${width} at ${textSize}`, async () => (await overflow(page)) <= 0);
      }
    }
    await page.evaluate("document.documentElement.style.fontSize = ''");
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const faint = await page.evaluate(FAINTEST);
      const pairs = faint as unknown as readonly (readonly [string, string, string])[];
      const poor = pairs.filter(([text, ground]) => contrast(text, ground) < 4.5);
      assert.deepEqual(poor, [], `${path} ${colorScheme}`);
      assert.deepEqual(await seriousFaults(page), [], `${path} ${colorScheme}`);
    }
    const heads = page.locator('table:visible thead:visible th');
    for (const scope of await heads.evaluateAll(all => all.map(one => one.getAttribute('scope'))))
      assert.equal(scope, 'col');
  }
  assert.deepEqual(complaints, []);
});

/** Colour, ground and words of everything with text of its own; buttons have their own ground, the rest the panel's. */
const FAINTEST = `[...document.querySelectorAll('body *')].filter(one => one.checkVisibility() &&
    [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim() !== '') && !one.closest('[disabled], svg, option'))
  .map(one => {
    let ground = one;
    while (ground && getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') ground = ground.parentElement;
    return [getComputedStyle(one).color, getComputedStyle(ground ?? document.body).backgroundColor, one.textContent.slice(0, 40)];
  })`;

/** Where the focus is, and whether that is seen. */
const FOCUS = `(() => {
  const one = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  const isSeen = !one.matches(':focus-visible') || (outlineStyle !== 'none' && outlineWidth !== '0px');
  return { isPage: one === document.body, isSeen, words: one.outerHTML.slice(0, 120) };
})()`;

test('what the keyboard is at is seen, on every page from its first stop to its last (W-6, W-61)', async t => {
  const station = await demoStation(t);
  const { body } = await station.ask('/api/v1/repositories?search=firmware');
  const [{ url } = { url: '' }] = body.repositories;
  const { page } = await openPage(t, browser, station.url);
  for (const [path, shown] of [
    ...PAGES,
    [`repository?url=${encodeURIComponent(url)}`, '#hot-spots .tree-map svg'] as const,
  ]) {
    await page.goto(`${station.url}/#/${path}`);
    await page.locator(shown).first().waitFor();
    if (path.startsWith('repository?'))
      await page.locator('#commits').getByRole('button', { name: 'Table' }).click();
    await page.evaluate('document.activeElement.blur()');
    let stops = 0;
    for (; stops < 200; stops += 1) {
      await page.keyboard.press('Tab');
      const focus = (await page.evaluate(FOCUS)) as { isPage: boolean; isSeen: boolean; words: string };
      if (focus.isPage) break;
      assert.ok(focus.isSeen, `${path}: ${focus.words}`);
    }
    assert.ok(stops > 2, path);
  }
});

test('Dashboard: a station with nothing says on every page what to do (S-21)', async t => {
  const station = await startStation(t, { cwd: standingPlace(t), yaml: 'repos: []\n' });
  const { page, complaints } = await openPage(t, browser, station.url);
  const empty: readonly (readonly [path: string, words: string])[] = [
    ['', 'Bake a repository below, or list what to keep fresh in sluice.yaml.'],
    ['schedule', 'Track repositories or follow changesets, here or in sluice.yaml.'],
    ['repositories', 'Bake one above, or list some under repos in the configuration.'],
    ['people', 'People come with the commits of baked repositories'],
    ['changesets', 'or a repository or owner with changesets.follow in sluice.yaml.'],
    ['deliveries', 'What is put into incoming/PROFILE/BUCKET/ of the station’s folder is delivered.'],
    ['capture', 'List collectors in sluice.yaml'],
  ];
  for (const [path, words] of empty) {
    await page.goto(`${station.url}/#/${path}`);
    await page.getByText(words).first().waitFor();
  }
  assert.deepEqual(complaints, []);
});

test('the keyboard goes through navigation and pages, past the navigation first of all (S-20, S-21)', async t => {
  const station = await demoStation(t);
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/`);
  const stuck = page.locator('#troubles li');
  await stuck.filter({ hasText: 'access_denied' }).getByRole('link', { name: '30 files failed' }).waitFor();
  await stuck.filter({ hasText: 'gone' }).getByText('gone-away.git').first().waitFor();
  await stuck.filter({ hasText: /valve: .*not-there/ }).waitFor();
  await page.getByRole('link', { name: /^4 of 4 tracked/ }).waitFor();
  await page.getByRole('link', { name: '45 files' }).waitFor();

  // The first stop leads past the navigation.
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'To the page');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate('document.activeElement.id'), 'main');
  await page.getByRole('link', { name: 'Schedule', exact: true }).press('Enter');
  await page.locator('.list .row .main a').first().waitFor();
  assert.equal(await page.evaluate('document.activeElement.id'), 'main');
  assert.equal(await page.locator('nav [aria-current]').textContent(), 'Schedule');
  assert.deepEqual(complaints, []);
});
