import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startGithub } from '../support/forge/github.ts';
import { standingPlace, startStation, until } from '../support/sluice.ts';
import { openPage, startBrowser } from './browser.ts';
import { HOSTILE } from './demo.ts';

const DAY_MS = 86_400_000;

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

interface Listed {
  readonly url: string;
  readonly title: string;
  readonly lastSyncAt: string | null;
}

test('changesets by age and state; one, a chosen few and all that fit are raised; a hostile title stays text (C-8, C-21, C-22, S-22, T-16, W-131)', async t => {
  const standIn = await startGithub(t, { tokens: ['good'] });
  const repository = standIn.model.addRepository('acme/one');
  const add = (title: string, ageDays: number, values: object = {}) => {
    const atMs = Date.now() - ageDays * DAY_MS;
    return standIn.model.addChangeset(repository, { title, createdAtMs: atMs, updatedAtMs: atMs, ...values });
  };
  add('Fresh', 0.5);
  add('Stale', 40);
  const reviewed = add(HOSTILE, 5);
  standIn.model.addEvent(reviewed, { kind: 'review', actor: 'mary', review: 'APPROVED' });
  add('Draft', 3, { draft: true });
  add('Over', 6, { state: 'merged', closedAtMs: Date.now() - DAY_MS });
  const station = await startStation(t, {
    cwd: standingPlace(t),
    yaml: `repos: []
hosts:
  "${standIn.host}": {kind: github, baseUrl: "${standIn.origin}", token: good}
`,
  });
  const urlOf = (number: number) => `${standIn.origin}/acme/one/pull/${number}`;
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/changesets`);
  // Only rows that are seen are there.
  await page.setViewportSize({ width: 1200, height: 2400 });
  const total = (words: string) => page.locator('.list .bar').getByText(words, { exact: true }).waitFor();
  await page.getByText('No changeset fits. Follow one above').waitFor();
  await page.getByLabel('Address', { exact: true }).fill(urlOf(1));
  await page.getByRole('button', { name: 'Follow' }).press('Enter');
  await page.getByText('acme/one#1 is followed.').waitFor();
  await station.ask('/api/v1/changesets', { urls: [2, 3, 4, 5].map(urlOf) });
  const list = async (query = ''): Promise<readonly Listed[]> => {
    const { body } = await station.ask(`/api/v1/changesets?${query}`);
    return (body as unknown as { changesets: readonly Listed[] }).changesets;
  };
  await until('all are synced', async () => (await list()).every(({ lastSyncAt }) => lastSyncAt !== null));

  await page.reload();
  const rows = page.locator('.list .body .row[data-index]');
  await total('4 changesets');
  // Longest without a change first, merged ones left out.
  const titles = async () =>
    (await rows.locator('.main bdi:first-of-type').allTextContents()).filter((_, at) => at % 2 === 0);
  await rows.nth(3).waitFor();
  assert.deepEqual((await titles()).sort(), [HOSTILE, 'Draft', 'Fresh', 'Stale'].sort());
  assert.equal((await titles())[0], 'Stale');
  assert.equal(await page.title(), 'Changesets · sluice');
  assert.equal(await page.locator('img[src="x"], main script').count(), 0);
  // The figures are answered by themselves.
  const facts = page.locator('.totals dd');
  await until('what is open is counted', async () => (await facts.allTextContents()).join() === '3,1,2,1');
  assert.match((await rows.first().textContent()) ?? '', /no review yet.*in\s7h\s59m.*→ every\s8\sh/);
  await page.locator('#cycle-times .chart-words', { hasText: '1 changeset merged.' }).waitFor();
  await page.getByText('How long each part takes', { exact: false }).click();
  await page.getByRole('row', { name: 'Opened to merged' }).getByText('5d').first().waitFor();
  await page.locator('#changeset-throughput .chart-words', { hasText: '5 opened, 1 merged' }).waitFor();
  await page.getByRole('button', { name: 'Opened', exact: true }).click();
  assert.match(page.url(), /order=opened/);
  await page.getByRole('button', { name: 'Opened ', exact: false }).first().click();
  await page.waitForURL(/reverse=true/);
  await until('the latest is first', async () => (await titles())[0] === 'Fresh');

  await page.getByLabel('Show').selectOption('waiting');
  await total('2 changesets');
  assert.deepEqual((await titles()).sort(), ['Fresh', 'Stale']);
  await page.getByRole('link', { name: '1', exact: true }).last().click();
  await total('1 changeset');
  assert.match(page.url(), /show=stale/);
  assert.deepEqual(await titles(), ['Stale']);

  const synced = async (act: () => Promise<void>, said: string): Promise<number> => {
    const before = new Map((await list()).map(({ url, lastSyncAt }) => [url, lastSyncAt]));
    await act();
    await page.getByText(said).waitFor();
    const many = Number(said.split(' ')[0]);
    const changed = async () =>
      (await list()).filter(({ url, lastSyncAt }) => before.get(url) !== lastSyncAt);
    await until('they are synced', async () => (await changed()).length >= many);
    return (await changed()).length;
  };
  // Its own part beside the list, with what happened to it and why its next sync is then.
  await rows.first().click();
  const one = page.locator('.drawer');
  await one.getByText(/→ every\s8\sh/).waitFor();
  await one.locator('.events li').first().waitFor();
  const now = one.getByRole('button', { name: 'Sync now: acme/one#2' });
  assert.equal(await synced(() => now.press('Enter'), '1 changeset is first in line.'), 1);
  await one.getByRole('button', { name: 'Unfollow: acme/one#2' }).click();
  await page.getByText('acme/one#2 is followed no longer.').waitFor();
  await one.getByText('not followed').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await one.getByRole('button', { name: 'Unfollow: acme/one#2' }).waitFor();
  await page.keyboard.press('Escape');
  await one.waitFor({ state: 'detached' });

  await page.getByLabel('Show').selectOption('all');
  await total('5 changesets');
  for (const number of [1, 4])
    await rows
      .filter({ hasText: `acme/one#${number}` })
      .locator('.choose')
      .click();
  const bar = page.locator('.list .bar');
  await bar.getByText('2 of 5 changesets chosen').waitFor();
  const few = bar.getByRole('button', { name: 'Sync now' });
  assert.equal(await synced(() => few.click(), '2 changesets are first in line.'), 2);
  await page.getByLabel('Show').selectOption('');
  await total('4 changesets');
  await rows.first().locator('.choose').click();
  await bar.getByRole('button', { name: 'Choose all 4' }).click();
  await rows.first().locator('.choose').click();
  await bar.getByText('3 of 4 changesets chosen').waitFor();
  assert.equal(await synced(() => few.click(), '3 changesets are first in line.'), 3);
  assert.deepEqual(complaints, []);
});
