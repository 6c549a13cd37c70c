import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import {
  addCommits,
  grownRepository,
  type RunningStation,
  standingPlace,
  startStation,
  until,
} from '../support/sluice.ts';
import { openPage, startBrowser } from './browser.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A station that has baked one repository and may be asked for another below the same folder. */
async function bakedStation(
  t: TestContext,
  yaml = '',
): Promise<RunningStation & { readonly origins: string }> {
  const origins = standingPlace(t);
  const first = grownRepository(join(origins, 'first.git'), 6_000, 12);
  grownRepository(join(origins, 'other.git'), 7, 2);
  const cwd = standingPlace(t);
  const station = await startStation(t, {
    cwd,
    yaml: `repos: [${first.path}]\ngit: {allowPaths: [${origins}]}\n${yaml}`,
  });
  return { ...station, origins };
}

async function untilBaked({ ask }: RunningStation): Promise<void> {
  await until('it is baked', async () => (await ask('/api/v1/repos')).body.repositories[0]?.state === 'ok');
}

const totals = (page: Page): Promise<string[]> => page.locator('#totals dd').allTextContents();

/** Wider than the window: then it would scroll sideways. */
const overflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - innerWidth');

test('Page: shows what was baked, bakes what is asked for, follows news; the keyboard walks through the chart', async t => {
  const station = await bakedStation(t);
  await untilBaked(station);
  const { page, complaints } = await openPage(t, browser, station.url);
  await page.locator('#authors li').nth(9).waitFor();
  assert.deepEqual(await totals(page), ['6,000', '12', '2023-11-14', '2023-12-26']);
  assert.equal(await page.locator('#authors .name').first().textContent(), 'Author 0');
  assert.equal(await page.locator('#runs tr').count(), 1);
  assert.equal(await page.locator('#sign-in').isVisible(), false);
  assert.match((await page.locator('#station').textContent()) ?? '', /version .* up .* free/);

  await page.locator('#commits').focus();
  const note = page.locator('#commits-note');
  assert.equal(await note.textContent(), 'Week of 2023-12-25: 229 commits');
  const walk: readonly (readonly [string, string])[] = [
    ['ArrowLeft', 'Week of 2023-12-18: 1,008 commits'],
    ['Home', 'Week of 2023-11-13: 731 commits'],
    ['ArrowLeft', 'Week of 2023-11-13: 731 commits'],
    ['ArrowRight', 'Week of 2023-11-20: 1,008 commits'],
    ['End', 'Week of 2023-12-25: 229 commits'],
  ];
  for (const [key, expected] of walk) {
    await page.keyboard.press(key);
    assert.equal(await note.textContent(), expected, key);
    assert.equal(await page.locator('#commits').getAttribute('aria-valuetext'), expected);
  }

  await page.getByLabel('URL').fill('file:///etc');
  await page.getByRole('button', { name: 'Bake' }).click();
  await page.getByText('git.allowPaths').first().waitFor();
  // The browser itself reports every answer of 400 and above.
  assert.deepEqual(
    complaints.splice(0).filter(text => !/status of 422/.test(text)),
    [],
  );

  await page.getByLabel('URL').fill(join(station.origins, 'other'));
  await page.keyboard.press('Enter');
  await page.getByText(/Run \d+ is on its way/).waitFor();
  await page.locator('#totals dd', { hasText: /^7$/ }).waitFor();
  assert.match(await page.locator('#repository').inputValue(), /other\.git$/);
  await page.locator('#runs tr', { hasText: 'other.git' }).getByText('done').waitFor();
  assert.deepEqual(complaints, []);
});

test('Page: in light and dark, on a phone, and with text at 200 % nothing has to be scrolled sideways', async t => {
  const station = await bakedStation(t);
  addCommits(grownRepository(join(station.origins, `${'long-name-'.repeat(12)}.git`), 3), 1);
  await untilBaked(station);
  await station.ask('/bake', { url: join(station.origins, `${'long-name-'.repeat(12)}.git`), wait: true });
  await station.ask('/bake', { url: join(station.origins, 'absent'), wait: true });
  const { page, complaints } = await openPage(t, browser, station.url);
  await page.locator('#authors li').first().waitFor();
  await page.locator('#runs tr').nth(1).waitFor();
  const ofBody = (property: string): Promise<string> =>
    page.evaluate(`getComputedStyle(document.body).${property}`);
  for (const textSize of ['100%', '200%']) {
    await page.evaluate(`document.documentElement.style.fontSize = '${textSize}'`);
    for (const width of [375, 1100]) {
      await page.setViewportSize({ width, height: 800 });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        assert.ok((await overflow(page)) <= 0, `${width} ${colorScheme} at ${textSize}`);
        const [text, background] = [await ofBody('color'), await ofBody('backgroundColor')];
        assert.ok(contrast(text, background) >= 7, `${text} on ${background}`);
      }
    }
  }
  assert.deepEqual(complaints, []);
});

test('Page: asks for the token, refuses a wrong one, and goes on with the right one', async t => {
  const station = await bakedStation(t, 'server: {token: correct-horse}\n');
  const { page } = await openPage(t, browser, station.url);
  const token = page.getByLabel('Token of this station');
  await token.waitFor();
  assert.equal(await page.getByRole('button', { name: 'Bake' }).isVisible(), false);
  await token.fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByText('that is not the token').waitFor();
  await token.fill('correct-horse');
  await page.keyboard.press('Enter');
  await page.locator('#authors li').first().waitFor();
  assert.equal(await token.isVisible(), false);
  const [cookie] = await page.context().cookies();
  assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, 'Strict']);
  await page.reload();
  await page.locator('#authors li').first().waitFor();
});

test('Page: a station without repositories offers to bake one; one that is gone is said so', async t => {
  const station = await startStation(t, { cwd: standingPlace(t) });
  const { page, complaints } = await openPage(t, browser, station.url);
  await page.getByText(/version/).waitFor();
  assert.equal(await page.locator('#repository').isVisible(), false);
  assert.equal(await page.getByRole('button', { name: 'Bake' }).isVisible(), true);
  assert.deepEqual(complaints, []);
  station.process.kill('SIGTERM');
  await page.getByText('the station does not answer').waitFor();
});

/** WCAG 2.2, "contrast ratio", of two colours as `rgb(r, g, b)`. */
function contrast(one: string, other: string): number {
  const [bright = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (bright + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/\d+/g) ?? []).slice(0, 3).map(part => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test('Page: people per month, hours of the week, hot spots; programs are left out when asked', async t => {
  const origins = standingPlace(t);
  const origin = grownRepository(join(origins, 'churned.git'), 40, 3);
  for (let at = 0; at < 3; at += 1) origin.commit(`change ${at}`, { 'src/hot': `${at}\n`, cold: 'x' });
  const station = await startStation(t, {
    cwd: standingPlace(t),
    yaml: `repos: [{url: ${origin.path}, churn: true}]\n`,
  });
  await untilBaked(station);
  await until('churn is read', async () => {
    const { body } = await station.ask('/api/v1/insights/hotspots');
    return (body as unknown as { files: unknown[] }).files.length > 0;
  });
  const { page, complaints } = await openPage(t, browser, station.url);
  const first = page.locator('#hot-spots li').first();
  await first.waitFor();
  assert.equal(await first.locator('.name').textContent(), 'src/hot');
  assert.equal(await first.locator('.number').textContent(), '3 by 1');
  assert.equal(await page.locator('#hot-spots-note').isVisible(), false);
  assert.equal(await page.locator('#punch-card rect').count(), 168);
  assert.match((await page.locator('#punch-card-note').textContent()) ?? '', /Most on (Tue|Wed) .* o’clock/);
  await page.locator('#contributors').focus();
  await page.keyboard.press('Home');
  const note = await page.locator('#contributors-note').textContent();
  assert.equal(note, 'Nov 2023: 4 active, 4 new, 0 returning, 0 lost');
  assert.match((await page.locator('#bus-factor').textContent()) ?? '', /2 people wrote half/);
  await page.getByLabel('Leave out programs').check();
  await page.locator('#authors li').nth(3).waitFor();
  assert.deepEqual(complaints, []);
});
