/**
 * Takes the pictures of the pages that README.md and docs/guide/pages.md show: of real histories, real deliveries to a
 * local server, and changesets made of the merges of a history. The station stands in /srv/sluice with its repositories
 * in /srv/git, so that the pictures show paths as people have them. Addresses of people are masked.
 *
 * Usage: node scripts/take-pictures.ts [--source NAME=PATH]... [--only PICTURE]...
 *
 *   --source  a repository whose history is shown, under that name (`git/git=/mirrors/git.git`); the first is the one
 *             with a page of its own. This checkout's own history, unless some are given.
 *   --only    takes these alone
 *
 * Needs Chromium, as the tests of the pages do, and the right to write below /srv; both folders are made and removed
 * again, and must not be there before.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { startBrowser } from '../test/web/browser.ts';
import { pictureStation, type Source } from './pictures/station.ts';

const ROOT = resolve(import.meta.dirname, '..');
const IMAGES = join(ROOT, 'docs/images');
const FOLDERS = { cwd: '/srv/sluice', origins: '/srv/git' };
/** Long enough for the charts, and for readings to come in. */
const SETTLE_MS = 4_000;
const WIDTH = 1000;

/** Addresses of people are nobody's business: what stands before the @ becomes a dot for each letter, but for the first. */
const MASK = `(() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    text.data = text.data.replace(/([\\w.+-]+)@[\\w.-]+/g, (_, name) => name[0] + '•'.repeat(5) + '@' + '•'.repeat(7));
  }
})()`;

interface Picture {
  readonly name: string;
  readonly path: string;
  /** Where the picture begins, unless at the top; what must be there before it is taken. */
  readonly from?: string;
  readonly shown: string;
  readonly height: number;
}

const { values } = parseArgs({
  options: {
    source: { type: 'string', multiple: true, default: [] },
    only: { type: 'string', multiple: true, default: [] },
  },
});
const sources: readonly Source[] = values.source.map(text => {
  const [, name, path] = /^([\w.-]+(?:\/[\w.-]+)?)=(.+)$/.exec(text) ?? [];
  if (name === undefined || path === undefined) throw new Error(`--source ${text}: not NAME=PATH`);
  return { name, path };
});

const afterwards: (() => unknown)[] = [];
const context = { after: (act: () => unknown) => afterwards.push(act) } as unknown as TestContext;
try {
  for (const folder of Object.values(FOLDERS)) {
    mkdirSync(folder);
    afterwards.push(() => rmSync(folder, { recursive: true }));
  }
  const shown = await pictureStation(
    context,
    FOLDERS,
    sources.length > 0 ? sources : [{ name: 'sluice', path: ROOT }],
  );
  const { station, areChangesetsReal } = shown;
  if (!areChangesetsReal) console.warn('no history has merges enough: changesets are examples');
  const browser = await startBrowser();
  afterwards.push(() => browser.close());
  for (const picture of picturesOf(shown)) {
    if (values.only.length > 0 && !values.only.includes(picture.name)) continue;
    const page = await browser.newPage({
      viewport: { width: WIDTH, height: picture.height },
      locale: 'en',
      colorScheme: 'light',
      reducedMotion: 'reduce',
    });
    await page.goto(`${station.url}/#/${picture.path}`);
    await page.locator(picture.shown).first().waitFor();
    await page.waitForTimeout(SETTLE_MS);
    await take(page, picture);
    await page.close();
  }
} finally {
  for (const act of afterwards.reverse()) await act();
}

function picturesOf({
  mainUrl,
  lastCommit,
  lastMerge,
  hasOpenChangesets,
}: Awaited<ReturnType<typeof pictureStation>>): Picture[] {
  const row = '.list .row[data-index]';
  const year = `range=${before(lastCommit, 364)}..${lastCommit}`;
  const quarter = `range=${before(lastMerge, 90)}..${lastMerge}`;
  const repository = `repository?url=${encodeURIComponent(mainUrl)}&${year}`;
  return [
    { name: 'now', path: '', shown: '#troubles li', height: 1030 },
    { name: 'repository', path: repository, shown: '#churn .plot', height: 1310 },
    {
      name: 'history',
      path: repository,
      from: '.panel:has(#authors)',
      shown: '#hot-spots .tree-map svg',
      height: 1240,
    },
    { name: 'deliveries', path: 'deliveries?charts=closed&order=size', shown: row, height: 980 },
    { name: 'schedule', path: 'schedule', shown: row, height: 1180 },
    {
      name: 'changesets',
      path: `changesets?charts=open&${quarter}${hasOpenChangesets ? '' : '&show=all'}`,
      shown: row,
      height: 1400,
    },
    { name: 'repositories', path: 'repositories', shown: row, height: 530 },
    { name: 'people', path: 'people', shown: 'tbody tr', height: 760 },
  ];
}

/** The day so many days before. */
function before(day: string, days: number): string {
  return new Date(Date.parse(day) - days * 86_400_000).toISOString().slice(0, 10);
}

async function take(page: Page, { name, from, height }: Picture): Promise<void> {
  const path = join(IMAGES, `${name}.png`);
  await page.evaluate(MASK);
  const box = from === undefined ? null : await page.locator(from).first().boundingBox();
  if (!box) await page.screenshot({ path });
  else await page.screenshot({ path, fullPage: true, clip: { x: 0, y: box.y - 16, width: WIDTH, height } });
}
