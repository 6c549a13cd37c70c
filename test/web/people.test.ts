import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { grownRepository, standingPlace, startStation, until } from '../support/sluice.ts';
import { openPage, startBrowser } from './browser.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

interface Authors {
  readonly authors: readonly { readonly name: string; readonly commits: number }[];
}

test('two identities are merged into one person by hand, taken apart, and marked as a program, by keyboard (R-26, R-27, S-21)', async t => {
  const origin = grownRepository(join(standingPlace(t), 'origin.git'), 30, 3);
  const station = await startStation(t, { cwd: standingPlace(t), yaml: `repos: [${origin.path}]\n` });
  await until(
    'it is baked',
    async () => (await station.ask('/api/v1/repositories')).body.repositories[0]?.state === 'ok',
  );
  const commits = async (): Promise<number[]> => {
    const { body } = await station.ask('/api/v1/insights/authors');
    return (body as unknown as Authors).authors.map(one => one.commits);
  };
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/people`);
  const row = (name: string) => page.getByRole('row', { name: new RegExp(name) });
  await row('author2@').waitFor();
  assert.equal(await page.getByRole('row').count(), 4);

  // Chosen in one search and in another: it is kept between them.
  await page.getByLabel('Name or e-mail').fill('author1');
  await row('author0@').waitFor({ state: 'detached' });
  await page.getByLabel('Choose Author 1').focus();
  await page.keyboard.press('Space');
  await page.getByText('Author 1 chosen').waitFor();
  await page.getByLabel('Name or e-mail').fill('author0');
  await page.getByLabel('Choose Author 0').check();
  await page.getByLabel('Whom they become').selectOption({ label: 'Author 0 <author0@example.org>' });
  await page.getByRole('button', { name: 'Merge' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('Author 0 is one person with 2 e-mails now.').waitFor();
  await page.getByLabel('Name or e-mail').fill('');
  await page
    .getByRole('row')
    .filter({ hasText: /author0@.*author1@/ })
    .waitFor();
  assert.deepEqual(await commits(), [20, 10]);

  await page.getByRole('button', { name: 'Take out: author1@example.org of Author 0' }).click();
  await row('Author 1').waitFor();
  assert.deepEqual(await commits(), [10, 10, 10]);

  await page.getByRole('button', { name: 'Mark as program: Author 2' }).press('Enter');
  await page.getByText('Author 2 is a program.').waitFor();
  await row('Author 2').getByText('a program, by hand').waitFor();
  await page.getByLabel('Show').selectOption('only');
  await row('Author 1').waitFor({ state: 'detached' });
  assert.equal(await page.getByRole('row').count(), 2);
  assert.match(page.url(), /#\/people\?bots=only$/);
  assert.deepEqual(complaints, []);
});

test('a click counts that a list is refreshed under (S-21)', async t => {
  const origin = grownRepository(join(standingPlace(t), 'origin.git'), 30, 3);
  const station = await startStation(t, { cwd: standingPlace(t), yaml: `repos: [${origin.path}]\n` });
  await until(
    'it is baked',
    async () => (await station.ask('/api/v1/repositories')).body.repositories[0]?.state === 'ok',
  );
  const { page } = await openPage(t, browser, `${station.url}/#/people`);
  const mark = page.getByRole('button', { name: 'Mark as program: Author 1' });
  await mark.hover();
  await page.mouse.down();
  // What is pressed changes meanwhile, and the page has asked for it and for one thing more.
  await station.ask('/api/v1/people/bot', { email: 'author1@example.org', bot: false });
  const answered = () => page.waitForResponse(response => response.url().includes('/api/v1/people?'));
  await answered();
  await answered();
  await page.mouse.up();
  await page.getByText('Author 1 is a program.').waitFor();
  await page
    .getByRole('row', { name: /Author 1/ })
    .getByText('a program, by hand')
    .waitFor();
});
