import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { TestContext } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';

const CANDIDATES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** A Chromium of the machine; says what to install where there is none. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = CANDIDATES.find(path => path !== undefined && existsSync(path));
  if (executablePath === undefined) {
    throw new Error('no Chromium found: install it (apt-get install chromium) or name it in CHROMIUM');
  }
  // Its own sandbox cannot run as root, as continuous integration does; it only meets our own pages.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

/** A page that keeps every complaint of the browser: errors, warnings, violations of the content policy. */
export async function openPage(
  t: TestContext,
  browser: Browser,
  url: string,
): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1100, height: 800 }, locale: 'en' });
  t.after(() => page.close());
  const complaints: string[] = [];
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', error => complaints.push(error.message));
  page.on('requestfailed', request => {
    // What a page that is left or a part that is gone no longer wants, it gives up.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') complaints.push(`${request.url()} failed`);
  });
  await page.goto(url);
  return { page, complaints };
}

/** By how much it is wider than the window: then it would scroll sideways. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - innerWidth');
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds on the page that is serious or worse, each with an element that has it. */
export async function seriousFaults(page: Page): Promise<readonly string[]> {
  // By the browser itself, not by the page, whose policy lets no other script in.
  await page.evaluate(AXE);
  return page.evaluate(AXE_RUN);
}

const AXE_RUN = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
  .filter(({ impact }) => impact === 'serious' || impact === 'critical')
  .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 160)).join(' | ')))`;

/** WCAG 2.2, "contrast ratio", of two colours as `rgb(r, g, b)`. */
export function contrast(one: string, other: string): number {
  const [bright = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (bright + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/\d+/g) ?? []).slice(0, 3).map(part => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
