import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { killAtExit } from '../support/left-behind.ts';
import { standingPlace, until } from '../support/sluice.ts';
import { ROOT } from '../support/source-tree.ts';
import { openPage, startBrowser } from './browser.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A checkout of one's own, in which `npm run dev` runs. @returns it and the address of the pages */
async function developing(t: TestContext): Promise<{ readonly folder: string; readonly url: string }> {
  // It goes before its folder does, whose end it would see as a change.
  let end = async (): Promise<void> => undefined;
  t.after(() => end());
  const folder = standingPlace(t);
  for (const name of ['src', 'bin', 'package.json', 'tsconfig.json'])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'sluice.yaml'), 'repos: []\n');
  const child = spawn('npm', ['run', 'dev', '--', '--port', '0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  killAtExit(child, { group: true });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const ended = once(child, 'close');
  end = async () => {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await ended;
  };
  const url = await until('it is up', () => /pages +(https?:\S+)/.exec(printed)?.[1]);
  return { folder, url };
}

test('npm run dev: a page that is open is another one as soon as its source or its style is written, and holds while that is broken (W-8)', async t => {
  const { folder, url } = await developing(t);
  const { page } = await openPage(t, browser, url);
  await page.getByText('All flows.').waitFor();
  const change = (path: string, from: string | RegExp, to: string): void => {
    const file = join(folder, 'src/web', path);
    const text = readFileSync(file, 'utf8');
    assert.notEqual(text.replace(from, to), text);
    writeFileSync(file, text.replace(from, to));
  };
  change('pages/now/verdict.tsx', "'All flows.'", "'All flows, and this is new.'");
  await page.getByText('All flows, and this is new.').waitFor();
  change('pages/now/verdict.tsx', "'All flows, and this is new.'", "'All flows");
  const answer = () => fetch(url).then(({ status }) => status);
  await until('the station says that it cannot be made', async () => (await answer()) === 500);
  await page.getByText('All flows, and this is new.').waitFor();
  change('pages/now/verdict.tsx', "'All flows", "'All flows again.'");
  await page.getByText('All flows again.').waitFor();
  const style = join(folder, 'src/web/styles/base.css');
  writeFileSync(style, `${readFileSync(style, 'utf8')}\n.verdict { display: none; }\n`);
  await page.getByText('All flows again.').waitFor({ state: 'hidden' });
  await page.locator('.verdict').waitFor({ state: 'attached' });
});
