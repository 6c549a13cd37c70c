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

test('changesets by age and state; one, a chosen few and all that fit are raised; a hostile title stays text (C-8, C-21, C-22, S-22, T-16)', async t => {
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
  await page.getByText('No changeset fits. Follow one below').waitFor();
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
  const rows = page.getByRole('table', { name: 'Changesets', exact: true }).locator('tbody tr');
  await rows.nth(3).waitFor();
  // Longest without a change first, merged ones left out.
  const titles = () => rows.locator('td.main a').allTextContents();
  assert.deepEqual((await titles()).sort(), [HOSTILE, 'Draft', 'Fresh', 'Stale'].sort());
  assert.equal((await titles())[0], 'Stale');
  assert.equal(await page.title(), 'Changesets · sluice');
  assert.equal(await page.locator('img[src="x"], main script').count(), 0);
  const facts = await page.locator('.totals dd').allTextContents();
  assert.deepEqual(facts, ['3', '1', '2', '1']);
  assert.match((await rows.first().textContent()) ?? '', /no review yet.*in\s7h\s59m.*→ every\s8\sh/);
  await page.getByRole('row', { name: 'Opened to merged' }).getByText('5d').first().waitFor();

  await page.getByLabel('Show').selectOption('waiting');
  await rows.nth(2).waitFor({ state: 'detached' });
  assert.deepEqual((await titles()).sort(), ['Fresh', 'Stale']);
  await page.getByLabel('Show').selectOption('stale');
  await rows.nth(1).waitFor({ state: 'detached' });
  assert.deepEqual(await titles(), ['Stale']);

  const synced = async (act: () => Promise<void>, said: string): Promise<number> => {
    const before = new Map((await list()).map(({ url, lastSyncAt }) => [url, lastSyncAt]));
    await act();
    await page.getByText(said).waitFor();
    const count = Number(said.split(' ')[0]);
    const changed = async () =>
      (await list()).filter(({ url, lastSyncAt }) => before.get(url) !== lastSyncAt);
    await until('they are synced', async () => (await changed()).length >= count);
    return (await changed()).length;
  };
  const one = page.getByRole('button', { name: 'Sync now: acme/one#2' });
  assert.equal(await synced(() => one.press('Enter'), '1 changeset is first in line.'), 1);
  // Its row was made anew under the reader's hands.
  await rows.first().getByText('in 7h 59m').waitFor();
  assert.equal(await page.evaluate('document.activeElement.ariaLabel'), 'Sync now: acme/one#2');
  await page.getByLabel('Show').selectOption('all');
  await rows.nth(4).waitFor();
  await page.getByLabel('Choose acme/one#1').check();
  await page.getByLabel('Choose acme/one#4').check();
  const few = page.getByRole('button', { name: 'Sync the 2 chosen now' });
  assert.equal(await synced(() => few.click(), '2 changesets are first in line.'), 2);
  await page.getByLabel('Show').selectOption('');
  await rows.nth(4).waitFor({ state: 'detached' });
  const fitting = page.getByRole('button', { name: 'Sync all that fit now' });
  assert.equal(await synced(() => fitting.click(), '4 changesets are first in line.'), 4);
  assert.deepEqual(complaints, []);
});
