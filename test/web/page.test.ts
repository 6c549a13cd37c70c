import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { TestRepository } from '../support/git-repositories.ts';
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
): Promise<RunningStation & { readonly origins: string; readonly first: TestRepository }> {
  const origins = standingPlace(t);
  const first = grownRepository(join(origins, 'first.git'), 6_000, 12);
  grownRepository(join(origins, 'other.git'), 7, 2);
  const cwd = standingPlace(t);
  const station = await startStation(t, {
    cwd,
    yaml: `repos: [${first.path}]\ngit: {allowPaths: [${origins}]}\n${yaml}`,
  });
  return { ...station, origins, first };
}

async function untilBaked({ ask }: RunningStation): Promise<void> {
  await until(
    'it is baked',
    async () => (await ask('/api/v1/repositories')).body.repositories[0]?.state === 'ok',
  );
}

const totals = (page: Page): Promise<string[]> => page.locator('.totals dd').allTextContents();

test('Page: bakes what is asked for, leads to what was baked, follows news', async t => {
  const station = await bakedStation(t);
  await untilBaked(station);
  const { page, complaints } = await openPage(t, browser, station.url);
  await page.locator('#runs').getByRole('link', { name: 'first.git' }).click();
  await page.locator('#authors li').nth(11).waitFor();
  assert.deepEqual(await totals(page), ['6,000', '12', '2023-11-14', '2023-12-26']);
  assert.equal(await page.locator('#authors .name').first().textContent(), 'Author 0');
  assert.equal(await page.locator('#sign-in').isVisible(), false);
  assert.match((await page.locator('#station').textContent()) ?? '', /version .* up .* free/);

  addCommits(station.first, 1);
  await page.getByRole('button', { name: 'Sync now' }).click();
  await page.locator('.totals dd', { hasText: /^6,001$/ }).waitFor();

  await page.getByRole('link', { name: 'Repositories' }).press('Enter');
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
  await page.getByRole('row', { name: /other\.git ok not tracked 7 / }).waitFor();
  assert.deepEqual(complaints, []);
});

test('Page: asks for the token, refuses a wrong one, and goes on with the right one (S-16)', async t => {
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
  await page.locator('#runs li').first().waitFor();
  assert.equal(await token.isVisible(), false);
  const [cookie] = await page.context().cookies();
  assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, 'Strict']);
  await page.reload();
  await page.locator('#runs li').first().waitFor();
});

test('Page: a station without repositories offers to bake one; one that is gone is said so', async t => {
  const station = await startStation(t, { cwd: standingPlace(t) });
  const { page, complaints } = await openPage(t, browser, station.url);
  await page.getByText(/version/).waitFor();
  await page.getByText('Nothing is stuck.').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Bake' }).isVisible(), true);
  assert.deepEqual(complaints, []);
  station.process.kill('SIGTERM');
  await page.getByText('the station does not answer').waitFor();
});
