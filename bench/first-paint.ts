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
    // A browser writes down some frames later what it has painted.
    const figures = await page.evaluate(`new Promise(done => {
      const at = name => performance.getEntriesByName(name)[0]?.startTime;
      const look = () => {
        const [painted, useful] = ['first-contentful-paint', 'useful'].map(at);
        if (painted === undefined || useful === undefined) return requestAnimationFrame(look);
        const sizes = performance.getEntriesByType('resource').map(({ transferSize }) => transferSize);
        done({ painted, useful, bytes: sizes.reduce((sum, size) => sum + size, 0) });
      };
      look();
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
