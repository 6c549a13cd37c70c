/**
 * How long until the first page says whether all flows: a station with a year of made-up work, opened by a fresh
 * Chromium on the same machine, with nothing kept from before.
 *
 * Usage: node bench/first-paint.ts [rounds]
 */
import type { TestContext } from 'node:test';
import { startBrowser } from '../test/web/browser.ts';
import { demoStation } from '../test/web/demo.ts';

const rounds = Number(process.argv[2] ?? 7);
const afterwards: (() => unknown)[] = [];
const context = { after: (act: () => unknown) => afterwards.push(act) } as unknown as TestContext;
try {
  const station = await demoStation(context);
  const browser = await startBrowser();
  afterwards.push(() => browser.close());
  const seen: { readonly painted: number; readonly useful: number; readonly bytes: number }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const page = await browser.newPage();
    await page.goto(station.url);
    await page.locator('.verdict .line').waitFor();
    const figures = await page.evaluate(`({
      painted: performance.getEntriesByName('first-contentful-paint')[0].startTime,
      useful: performance.getEntriesByName('useful')[0].startTime,
      bytes: performance.getEntriesByType('resource').reduce((sum, { transferSize }) => sum + transferSize, 0),
    })`);
    // The first one makes the pages, in a checkout.
    if (round > 0) seen.push(figures as (typeof seen)[number]);
    await page.close();
  }
  const median = (of: (one: (typeof seen)[number]) => number): number =>
    Math.round(seen.map(of).sort((one, two) => one - two)[Math.floor(seen.length / 2)] ?? 0);
  console.log(
    `first paint ${median(({ painted }) => painted)} ms, useful ${median(({ useful }) => useful)} ms, ` +
      `${median(({ bytes }) => bytes)} bytes (medians of ${rounds})`,
  );
} finally {
  for (const act of afterwards.reverse()) await act();
}
