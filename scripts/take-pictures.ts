/**
 * Takes the pictures of the pages that README.md and docs/guide/pages.md show, of a station with made-up data that
 * stands in /srv/sluice with its repositories in /srv/git, so that the pictures show paths as people have them.
 *
 * Usage: node scripts/take-pictures.ts (needs Chromium, as the tests of the pages do, and the right to write below
 * /srv; both folders are made and removed again, and must not be there before)
 */
import { mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { startBrowser } from '../test/web/browser.ts';
import { demoStation } from '../test/web/demo.ts';

const IMAGES = resolve(import.meta.dirname, '../docs/images');
const FOLDERS = { cwd: '/srv/sluice', origins: '/srv/git' };
/** Long enough for the charts, and for readings to come in. */
const SETTLE_MS = 4_000;

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly shown: string;
  readonly height: number;
}

const afterwards: (() => unknown)[] = [];
const context = { after: (act: () => unknown) => afterwards.push(act) } as unknown as TestContext;
try {
  for (const folder of Object.values(FOLDERS)) {
    mkdirSync(folder);
    afterwards.push(() => rmSync(folder, { recursive: true }));
  }
  const station = await demoStation(context, FOLDERS);
  const { body } = await station.ask('/api/v1/repositories?search=firmware');
  const repository = encodeURIComponent(body.repositories[0]?.url ?? '');
  const pictures: readonly Picture[] = [
    { name: 'now', path: '', shown: '#troubles li', height: 780 },
    {
      name: 'repository',
      path: `repository?url=${repository}`,
      shown: '#hot-spots .tree-map svg',
      height: 860,
    },
    {
      name: 'deliveries',
      path: 'deliveries?charts=closed&order=size',
      shown: '.list .row[data-index]',
      height: 980,
    },
    { name: 'schedule', path: 'schedule', shown: '.list .row[data-index]', height: 860 },
    { name: 'changesets', path: 'changesets?charts=open', shown: '.list .row[data-index]', height: 1340 },
    { name: 'repositories', path: 'repositories', shown: '.list .row[data-index]', height: 620 },
  ];
  const browser = await startBrowser();
  afterwards.push(() => browser.close());
  for (const { name, path, shown, height } of pictures) {
    const page = await browser.newPage({
      viewport: { width: 1000, height },
      locale: 'en',
      colorScheme: 'light',
    });
    await page.goto(`${station.url}/#/${path}`);
    await page.locator(shown).first().waitFor();
    await page.waitForTimeout(SETTLE_MS);
    await page.screenshot({ path: resolve(IMAGES, `${name}.png`) });
    await page.close();
  }
} finally {
  for (const act of afterwards.reverse()) await act();
}
