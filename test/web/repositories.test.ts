import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { grownRepository, standingPlace, startStation, until } from '../support/sluice.ts';
import { openPage, overflow, startBrowser } from './browser.ts';
import { HOSTILE } from './demo.ts';

const MANY = 100_000;
/** On a machine that does other things, too. */
const RESPONSIVE_MS = 3_000;

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

test('repositories are baked, pinned and forgotten, one or several, and two are compared; order and choice stand in the address (W-133)', async t => {
  const origins = standingPlace(t);
  const names = ['large', 'small', 'spare'];
  const paths = names.map((name, at) => grownRepository(join(origins, `${name}.git`), 30 - at * 10, 2).path);
  const station = await startStation(t, {
    cwd: standingPlace(t),
    yaml: `repos: [${paths[0]}, ${paths[1]}]\ngit: {allowPaths: [${origins}]}\n`,
  });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/repositories`);
  const rows = page.locator('.list .body .row[data-index]');
  const bar = page.locator('.list .bar');
  await page.getByRole('row', { name: /large\.git ok 30 / }).waitFor();
  await page.getByLabel('URL').fill(paths[2] ?? '');
  await page.getByRole('button', { name: 'Bake', exact: true }).click();
  await page.getByText(/Run \d+ is on its way/).waitFor();
  await page.getByRole('row', { name: /spare\.git ok not tracked 10 / }).waitFor();

  await page.getByRole('button', { name: 'Commits' }).click();
  await page.waitForURL(/order=commits/);
  const shown = async () =>
    (await rows.locator('.main').allTextContents()).map(text => text.replace(/^.*\//, ''));
  await until(
    'most commits come first',
    async () => (await shown()).join() === 'large.git,small.git,spare.git',
  );
  await page.getByRole('button', { name: 'Commits' }).click();
  await page.waitForURL(/reverse=true/);
  await until('fewest come first', async () => (await shown()).join() === 'spare.git,small.git,large.git');
  await page.reload();
  await until('still', async () => (await shown()).join() === 'spare.git,small.git,large.git');

  await rows.filter({ hasText: 'large' }).locator('.choose').click();
  await rows.filter({ hasText: 'small' }).locator('.choose').click();
  await bar.getByRole('button', { name: 'Pin', exact: true }).click();
  await page.getByText('2 repositories: never evicted, whatever else has to go.').waitFor();
  await page.getByRole('row', { name: /large\.git .*, pinned/ }).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('2 repositories: evicted again where room is needed.').waitFor();

  // One that the configuration names is not forgotten here.
  await page.keyboard.press('Escape');
  await page.getByRole('grid').press('Home');
  assert.equal(
    await rows
      .filter({ hasText: 'large' })
      .getByRole('button', { name: /^Forget/ })
      .count(),
    0,
  );
  await page.keyboard.press('b');
  await page.getByText(/spare\.git is first in line\./).waitFor();
  await until('it was baked again', async () => {
    const { body } = await station.ask('/api/v1/runs');
    const { runs } = body as unknown as { runs: readonly { state: string; url: string }[] };
    return runs.filter(({ state, url }) => state === 'done' && url.endsWith('spare.git')).length === 2;
  });
  await page.keyboard.press('d');
  await page.getByText(/Forget 1 repository, with clone and history\? Press d again\./).waitFor();
  await page.keyboard.press('d');
  await page.getByRole('button', { name: 'Now: Forget 1 repository, with clone and history' }).click();
  await page.getByText(/spare\.git forgotten\./).waitFor();
  await bar.getByText('2 repositories', { exact: true }).waitFor();
  const known = await station.ask('/api/v1/repositories');
  assert.equal(known.body.repositories.length, 2);
  const refused = await fetch(
    `${station.url}/api/v1/repositories/one?url=${encodeURIComponent(paths[0] ?? '')}`,
    { method: 'DELETE' },
  );
  assert.equal(refused.ok, false);

  for (const name of ['small', 'large']) await rows.filter({ hasText: name }).locator('.choose').click();
  await bar.getByRole('button', { name: 'Compare' }).click();
  await page.locator('#commits .plot').waitFor();
  assert.match(page.url(), /#\/repository\?url=.*small\.git&with=.*large\.git/);
  assert.deepEqual(complaints, []);
});

test('a list of 100 000 repositories stays responsive from its first to its last row, on a phone as well; their addresses are only text (S-21, W-60, W-132, W-133)', async t => {
  const cwd = standingPlace(t);
  const first = await startStation(t, { cwd, yaml: 'repos: []\n' });
  first.process.kill('SIGTERM');
  await first.ended;
  const database = new DatabaseSync(join(cwd, 'sluice.db'));
  const insert = database.prepare(
    "INSERT INTO repositories (url, host, state, commits, last_commit_at) VALUES (?, 'git.example', ?, ?, ?)",
  );
  database.exec('BEGIN');
  for (let at = 1; at <= MANY; at += 1) {
    const name = at === 7 ? HOSTILE : at === 8 ? 'מחסן' : `project-${String(at).padStart(6, '0')}`;
    insert.run(`https://git.example/owner/${name}`, at % 10 ? 'ok' : 'failing', at, 1_600_000_000 + at);
  }
  database.exec('COMMIT');
  database.close();
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const { page, complaints } = await openPage(t, browser, `${station.url}/#/repositories`);
  const row = (name: RegExp) => page.getByRole('row', { name });
  await row(/project-100000/).waitFor();
  await page.getByText('100,000 repositories').waitFor();
  const timed = async (what: string, act: () => Promise<void>): Promise<void> => {
    const startMs = performance.now();
    await act();
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs < RESPONSIVE_MS, `${what} took ${Math.round(tookMs)} ms`);
  };
  await timed('the end', async () => {
    await page.getByRole('grid').press('End');
    await row(/project-000001/).waitFor();
  });
  assert.equal(await page.locator('img[src="x"], main script').count(), 0);
  assert.equal(await page.locator('bdi:dir(rtl):text-is("מחסן")').count(), 1);
  await timed('the other end of the order', async () => {
    await page.getByRole('button', { name: 'Last commit' }).click();
    await row(/project-000001/).waitFor();
  });
  await timed('a search', async () => {
    await page.getByLabel('Address').fill('project-04242');
    await page.getByText('10 repositories', { exact: true }).waitFor();
  });
  await page.getByLabel('Show').selectOption('failing');
  await page.getByText('1 repository', { exact: true }).waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  await until('it fits a phone', async () => (await overflow(page)) <= 0);
  assert.deepEqual(complaints, []);
});
