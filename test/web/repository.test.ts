import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Locator, Page } from 'playwright-core';
import { grownRepository, standingPlace, startStation, until } from '../support/sluice.ts';
import { openPage, startBrowser } from './browser.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A station that has baked two repositories, of which one has its churn read. */
async function twoRepositories(t: TestContext) {
  const origins = standingPlace(t);
  const large = grownRepository(join(origins, 'large.git'), 6_000, 12);
  const small = grownRepository(join(origins, 'small.git'), 40, 3);
  for (let at = 0; at < 3; at += 1)
    small.commit(`change ${at}`, { 'src/hot.ts': `${at}\n`, 'src/deep/warm.ts': 'x', cold: 'x' });
  const station = await startStation(t, {
    cwd: standingPlace(t),
    yaml: `repos: [{url: ${small.path}, churn: true}, ${large.path}]\n`,
  });
  await until('both are baked, and one churned', async () => {
    const { body } = await station.ask('/api/v1/repositories');
    const { body: spots } = await station.ask(`/api/v1/insights/hotspots?repo=${small.path}`);
    return (
      body.repositories.every(({ state }) => state === 'ok') &&
      (spots as unknown as { files: unknown[] }).files.length > 2
    );
  });
  const at = (url: string, more: Readonly<Record<string, string>> = {}): string =>
    `${station.url}/#/repository?${new URLSearchParams({ url, ...more })}`;
  return { station, large: large.path, small: small.path, at };
}

/** What is said aloud where somebody is in a chart, with plain spaces and dashes. */
async function told(plot: Locator): Promise<string> {
  const text = (await plot.getAttribute('aria-valuetext')) ?? '';
  return text.replace(/[\u2009\u202f\u00a0]/g, ' ').replaceAll('–', '-');
}

async function content(page: Page, press: () => Promise<void>): Promise<{ name: string; text: string }> {
  const coming = page.waitForEvent('download');
  await press();
  const download = await coming;
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
}

const rangeIn = (page: Page): string | null =>
  new URLSearchParams(new URL(page.url()).hash.split('?')[1]).get('range');

test('the page of a repository', async t => {
  const { station, large, small, at } = await twoRepositories(t);

  await t.test(
    'charts of a repository share one axis up to today; the keyboard walks, selects and goes back, and the range stands in the address (W-103)',
    async t => {
      const { page, complaints } = await openPage(t, browser, at(large, { range: '2023-10-01..2024-01-31' }));
      const commits = page.locator('#commits .plot');
      await commits.locator('svg').waitFor();
      await page.getByText('6,000 commits, 0 of them merges.').waitFor();
      await commits.focus();
      await page.keyboard.press('Home');
      assert.match(await told(commits), /^Sep 25 - Oct 1, 2023: 0 commits/);
      for (let step = 0; step < 7; step += 1) await page.keyboard.press('ArrowRight');
      assert.equal(await told(commits), 'Nov 13 - 19, 2023: 731 commits, 0 merges');
      assert.equal(await page.locator('#commits .tooltip strong').isVisible(), true);
      // Where it is, the charts below show, too.
      await page.locator('#contributors .elsewhere').waitFor({ state: 'attached' });
      await page.keyboard.press('Shift+ArrowRight');
      await page.keyboard.press('Shift+ArrowRight');
      await page.keyboard.press('Enter');
      await page.locator('#commits h3', { hasText: 'Commits per day' }).waitFor();
      assert.equal(rangeIn(page), '2023-11-13..2023-12-03');
      assert.match((await page.locator('#commits .chart-words').textContent()) ?? '', /^2,\d{3} commits/);
      await commits.focus();
      await page.keyboard.press('-');
      assert.equal(rangeIn(page), '2023-11-02..2023-12-14');
      // Nothing happened in the last year: all that there is up to today is what is usual.
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'All', pressed: true }).waitFor();
      await page.locator('#commits h3', { hasText: 'Commits per month' }).waitFor();
      for (const id of ['commits', 'contributors']) {
        await page.locator(`#${id} .plot`).focus();
        await page.keyboard.press('End');
        const month = new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric', timeZone: 'UTC' });
        assert.ok(
          (await told(page.locator(`#${id} .plot`))).startsWith(`${month.format(Date.now())}: 0 `),
          id,
        );
      }
      await page.getByRole('button', { name: '4 weeks' }).click();
      await page.locator('#commits', { hasText: 'No commits in this time.' }).waitFor();
      assert.equal(rangeIn(page), '4w');
      assert.deepEqual(complaints, []);
    },
  );

  await t.test(
    'a part of a chart that is dragged over is shown alone; a double click shows all again (W-103)',
    async t => {
      const { page } = await openPage(t, browser, at(large, { range: '2023-10-01..2024-01-31' }));
      const plot = page.locator('#commits .plot');
      await plot.locator('svg').waitFor();
      await plot.scrollIntoViewIfNeeded();
      const box = await plot.boundingBox();
      assert.ok(box);
      await page.mouse.move(box.x + box.width * 0.4, box.y + 40);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
      await page.mouse.move(box.x + box.width * 0.6, box.y + 40);
      await page.locator('#commits .selection').waitFor({ state: 'attached' });
      await page.mouse.up();
      await page.locator('#commits h3', { hasText: 'Commits per day' }).waitFor();
      assert.match(rangeIn(page) ?? '', /^2023-1[12]-\d\d\.\.2023-12-\d\d$/);
      await plot.dblclick({ position: { x: 300, y: 40 } });
      await page.getByRole('button', { name: 'All', pressed: true }).waitFor();
    },
  );

  await t.test(
    'figures of a chart are there as a table, as CSV and as a picture that stands alone (W-104)',
    async t => {
      const { page, complaints } = await openPage(t, browser, at(large, { range: '2023-10-01..2024-01-31' }));
      const chart = page.locator('#commits');
      await chart.locator('.plot svg').waitFor();
      await chart.getByRole('button', { name: 'Table' }).click();
      const row = chart.getByRole('row', { name: '2023-11-13 731 0' });
      await row.waitFor();
      const csv = await content(page, () => chart.getByRole('button', { name: 'CSV' }).click());
      assert.equal(csv.name, 'commits-per-week.csv');
      const lines = csv.text.split('\r\n');
      assert.equal(lines[0], 'from,commits,merges');
      assert.ok(lines.includes('2023-11-13,731,0'), csv.text);
      const svg = await content(page, () => chart.getByRole('button', { name: 'SVG' }).click());
      assert.equal(svg.name, 'commits-per-week.svg');
      assert.match(svg.text, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      assert.match(svg.text, /<desc>6,000 commits, 0 of them merges\.<\/desc>/);
      assert.doesNotMatch(svg.text, /class=|var\(/);
      // As a browser shows it alone: with colours and words.
      const alone = await browser.newPage();
      t.after(() => alone.close());
      await alone.setContent(svg.text);
      assert.equal(await alone.locator('svg text').first().textContent(), 'Commits per week');
      const fill = alone.locator('svg path').first();
      assert.match((await fill.getAttribute('fill')) ?? '', /^rgb\(/);
      assert.deepEqual(complaints, []);
    },
  );

  await t.test(
    'two repositories are compared in the same charts, on one scale or on their own (W-107)',
    async t => {
      const { page, complaints } = await openPage(t, browser, at(large, { range: 'all' }));
      await page.locator('#commits .plot svg').waitFor();
      await page.getByLabel('Compare with').fill('small');
      await page.keyboard.press('Enter');
      await page.getByText('large: 6,000 commits, 0 of them merges. small: 43 commits').waitFor();
      assert.equal(new URLSearchParams(new URL(page.url()).hash.split('?')[1]).get('with'), small);
      assert.deepEqual(await page.locator('#commits .pane-name').allTextContents(), ['large', 'small']);
      const highest = () => page.locator('#commits .axes text[text-anchor=end]').allTextContents();
      const one = await highest();
      assert.deepEqual(one.slice(0, one.length / 2), one.slice(one.length / 2));
      await page.getByLabel('Each on its own scale').check();
      await until('each has its own scale', async () => {
        const texts = await highest();
        return texts.at(-1) !== texts[texts.length / 2 - 1];
      });
      await page.getByText('Bus factor').nth(1).waitFor();
      // Each chart is answered by itself.
      await page.locator('#punch-card .pane-name').nth(1).waitFor();
      assert.deepEqual(complaints, []);
    },
  );

  await t.test(
    'hours of the week, contributors, churn and hot spots of a repository; programs are left out when asked (R-27, R-32)',
    async t => {
      const { page, complaints } = await openPage(t, browser, at(small, { range: 'all' }));
      const map = page.locator('#hot-spots .tree-map');
      await map.locator('svg').waitFor();
      await page.getByText(/most often src\/hot\.ts: 3 times, by 1 person/).waitFor();
      await map.focus();
      await page.keyboard.press('Home');
      assert.match(await told(map), /^src\/: \d+ changes in 2 entries/);
      await page.keyboard.press('Enter');
      await page.getByRole('navigation', { name: 'Folder shown' }).getByText('src').waitFor();
      await page.keyboard.press('Home');
      assert.match(await told(map), /^src\/hot\.ts: 3 changes by 1 person, \+3 −2 lines/);
      await page.getByRole('button', { name: 'All files' }).click();
      await page.getByText(/^Most on (Tues|Wednes)days from .* o’clock/).waitFor();
      assert.equal(await page.locator('#punch-card [class^=heat]').count(), 168);
      await page.locator('#contributors .plot').focus();
      await page.keyboard.press('Home');
      assert.equal(
        await told(page.locator('#contributors .plot')),
        'November 2023: 0 stayed, 0 returning, 4 new, 0 lost, 4 active',
      );
      await page.locator('#churn .plot').focus();
      await page.keyboard.press('Home');
      assert.match(
        await told(page.locator('#churn .plot')),
        /^November 2023: \d+ lines added, \d+ lines removed/,
      );
      await page.getByText('Bus factor 2: 2 people wrote').waitFor();
      const data = { email: 'author0@example.org', bot: true };
      await page.request.post(`${station.url}/api/v1/people/bot`, { data });
      await page.getByLabel('Leave out programs').check();
      await page.locator('#authors').getByText('Author 0').waitFor({ state: 'detached' });
      assert.deepEqual(complaints, []);
    },
  );

  await t.test(
    'the charts are of some files where a glob is given, which stands in the address; where churn is not read, that is said (R-123)',
    async t => {
      const { page, complaints } = await openPage(t, browser, at(small, { range: 'all' }));
      await page.locator('#hot-spots').getByText('cold').first().waitFor();
      await page.getByLabel('Only files like').fill('src/**');
      await page.locator('#hot-spots').getByText('cold').first().waitFor({ state: 'detached' });
      await page.locator('#commits').getByText('3 commits, 0 of them merges.').waitFor();
      assert.match(page.url(), /path=src%2F\*\*/);
      await page.getByLabel('Only files like').fill('nowhere');
      await page.getByText('No file whose changes have been read is like nowhere.').waitFor();
      await page.goto(at(large, { path: 'src' }));
      await page
        .getByText(/Needs churn: what commits changed has not, or not wholly, been read of/)
        .waitFor();
      assert.deepEqual(complaints, []);
    },
  );
});
