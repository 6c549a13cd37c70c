import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { grownRepository, standingPlace, startStation, until } from '../support/sluice.ts';
import { openPage, startBrowser } from './browser.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A station with a history of 30 commits by three people. */
async function bakedStation(t: TestContext) {
  const origin = grownRepository(join(standingPlace(t), 'origin.git'), 30, 3);
  const cwd = standingPlace(t);
  const station = await startStation(t, { cwd, yaml: `repos: [${origin.path}]\n` });
  await until(
    'it is baked',
    async () => (await station.ask('/api/v1/repositories')).body.repositories[0]?.state === 'ok',
  );
  return { station, origin, cwd };
}

test('who may be one person is suggested, merged or refused in one place, and both are taken back (W-54)', async t => {
  const { station, cwd } = await bakedStation(t);
  const database = new DatabaseSync(join(cwd, 'sluice.db'));
  const rename = (email: string, name: string): void => {
    database.prepare('UPDATE people SET name = ? WHERE email = ?').run(name, email);
    database.prepare('UPDATE identities SET mapped_name = ? WHERE mapped_email = ?').run(name, email);
  };
  rename('author0@example.org', 'Ada Lovelace');
  rename('author1@example.org', 'ada lovelace');
  database.close();
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/people`);
  const suggestion = page.locator('#suggestions .suggestions > li');
  const press = (name: RegExp) => suggestion.getByRole('button', { name }).press('Enter');
  await suggestion.getByText('one name, written alike').waitFor();
  await press(/^Not the same/);
  await page.getByText('They are not suggested again.').waitFor();
  await suggestion.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Undo' }).click();
  await suggestion.waitFor();
  await press(/^Merge/);
  await page.getByText('is one person with 20 commits now.').waitFor();
  await page.getByRole('status').getByText('2 people').waitFor();
  await suggestion.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await page.getByRole('status').getByText('3 people').waitFor();
  assert.deepEqual(complaints, []);
});

test('Ctrl K finds pages, repositories and people by some letters; ? says the keys, / leads to the search (W-56)', async t => {
  const { station } = await bakedStation(t);
  const { page, complaints } = await openPage(t, browser, station.url);
  await page.getByRole('heading', { name: 'sluice' }).waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('people');
  await page.locator('#palette-list button', { hasText: 'People' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByLabel('Name or e-mail').waitFor();
  assert.match(page.url(), /#\/people$/);
  await page.keyboard.press('/');
  await page.keyboard.type('author2');
  await page.getByRole('status').getByText('1 person').waitFor();
  await page.getByLabel('Name or e-mail').blur();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).getByText('go to anything').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('author1@');
  await page.locator('#palette-list button', { hasText: 'author1@example.org' }).click();
  await page.getByRole('row', { name: /author1@/ }).waitFor();
  assert.match(page.url(), /#\/people\?search=author1/);
  assert.deepEqual(complaints, []);
});

interface Authors {
  readonly authors: readonly { readonly name: string; readonly commits: number }[];
}

test('two identities are merged into one person by hand, taken apart, and marked as a program, by keyboard (R-26, R-27, S-21)', async t => {
  const { station } = await bakedStation(t);
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

test('while somebody types in a search the last answer stays, marked as not the new one yet (W-54)', async t => {
  const { station } = await bakedStation(t);
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/people`);
  const table = page.locator('.table');
  await page.getByRole('row', { name: /author2@/ }).waitFor();
  const held = Promise.withResolvers<void>();
  await page.route(/people\?.*search=author1/, async route => {
    await held.promise;
    await route.continue();
  });
  await page.getByLabel('Name or e-mail').fill('author1');
  await page.locator('.table[aria-busy="true"]').waitFor();
  assert.equal(await page.getByRole('row').count(), 4);
  held.resolve();
  await page.locator('.table[aria-busy="false"]').waitFor();
  assert.match(await table.innerText(), /author1@/);
  assert.equal(await page.getByRole('row').count(), 2);
  assert.deepEqual(complaints, []);
});

test('a click counts that a list is refreshed under (S-21)', async t => {
  const { station, origin } = await bakedStation(t);
  const { page } = await openPage(t, browser, `${station.url}/#/people`);
  const mark = page.getByRole('button', { name: 'Mark as program: Author 1' });
  await mark.hover();
  await page.mouse.down();
  // What is pressed changes meanwhile, and the page has asked for it and for one thing more.
  await station.ask('/api/v1/people/bot', { email: 'author1@example.org', bot: false });
  const answered = page.waitForResponse(response => response.url().includes('/api/v1/people?'));
  await station.ask('/bake', { url: origin.path, wait: true });
  await answered;
  await page.mouse.up();
  await page.getByText('Author 1 is a program.').waitFor();
  await page
    .getByRole('row', { name: /Author 1/ })
    .getByText('a program, by hand')
    .waitFor();
});
