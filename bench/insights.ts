/**
 * How long every insight takes to answer at a million commits, churn included, and a hundred thousand changesets, as
 * a whole command's question is asked of the store (wall time, and processor time, which others at work on the machine
 * hardly change); over all repositories and one, the whole history and parts of it, and without bots. Then how long a
 * repository's page takes from navigation until its first chart holds data, and until all its parts do.
 *
 * Usage: node bench/insights.ts [--commits 1000000] [--database FILE, made if it is not there] [--rounds 5] [--no-page]
 */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { systemClock } from '../src/base/clock.ts';
import { openStore } from '../src/keep/sqlite/open-store.ts';
import { queryRows } from '../test/support/sqlite-store.ts';
import { NOW_MS, questionsOf, timed } from './support/insight-questions.ts';
import { machine, median } from './support/measure.ts';
import { SEEDED_URL, seedHistory } from './support/seed-history.ts';
import { startUp } from './support/up.ts';

const TARGET_MS = 300;
const PAGE_TARGET_MS = 1_000;

const { values } = parseArgs({
  options: {
    commits: { type: 'string', default: '1000000' },
    database: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    'no-page': { type: 'boolean', default: false },
  },
});
const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
try {
  await main(resolve(values.database ?? join(directory, 'sluice.db')));
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function main(path: string): Promise<void> {
  const rounds = Number(values.rounds);
  console.log(machine());
  if (!existsSync(path)) {
    const startMs = performance.now();
    await seedHistory(path, Number(values.commits), NOW_MS);
    console.log(`seeded in ${Math.round((performance.now() - startMs) / 1000)} s`);
  }
  const longest = await measureInsights(path, rounds);
  const page = values['no-page'] ? undefined : await measurePage(path, rounds);
  const pageWords = page === undefined ? '' : `; page's first data ${page} ms (target ${PAGE_TARGET_MS})`;
  const met = longest.ms <= TARGET_MS && (page ?? 0) <= PAGE_TARGET_MS;
  console.log(
    `insights: slowest ${longest.name} ${longest.ms} ms (target ${TARGET_MS})${pageWords}: ${met ? 'met' : 'MISSED'}`,
  );
}

async function measureInsights(
  path: string,
  rounds: number,
): Promise<{ readonly name: string; readonly ms: number }> {
  const store = await openStore(path, { clock: systemClock });
  const [facts] = queryRows(
    store,
    `SELECT (SELECT count(*) FROM commits) AS commits, (SELECT count(*) FROM file_changes) AS changes,
            (SELECT count(*) FROM author_days) AS author_days, (SELECT count(*) FROM people) AS people,
            (SELECT count(*) FROM repositories) AS repositories, (SELECT count(*) FROM changesets) AS changesets`,
  );
  console.log(`${JSON.stringify(facts)}, ${Math.round(statSync(path).size / 2 ** 20)} MiB`);
  const all = (await store.repositories.list()).map(({ id }) => id);
  const large = (await store.repositories.byUrl(SEEDED_URL))?.id ?? 0;
  let longest = { name: '', ms: 0 };
  for (const { what, scopes } of questionsOf(store, all, large)) {
    const figures: string[] = [];
    for (const [name, ask] of Object.entries(scopes)) {
      const { ms, firstMs, cpuMs } = await timed(rounds, ask);
      if (ms > longest.ms) longest = { name: `${what}, ${name},`, ms };
      figures.push(`${name} ${ms} ms (first ${firstMs}, processor ${cpuMs})`);
    }
    console.log(`${what.padEnd(14)} ${figures.join(', ')}`);
  }
  await store.close();
  return longest;
}

/** From navigation until the first chart holds data, in a browser without a window. */
async function measurePage(database: string, rounds: number): Promise<number> {
  const options = ['--root', join(directory, 'station'), '--database', database, '--log-level', 'error'];
  const station = await startUp(options, { cwd: directory });
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const { url } = station;
    const times: number[] = [];
    const whole: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const page = await browser.newPage();
      const startMs = performance.now();
      await page.goto(`${url}/#/repository?url=${encodeURIComponent(SEEDED_URL)}`);
      const firsts = [
        '#commits rect',
        '#authors tbody tr',
        '#contributors rect',
        '#punch-card rect',
        '#hot-spots tbody tr',
      ];
      await page
        .locator(firsts[0] ?? '')
        .first()
        .waitFor();
      times.push(performance.now() - startMs);
      await Promise.all(firsts.map(first => page.locator(first).first().waitFor()));
      whole.push(performance.now() - startMs);
      await page.close();
    }
    console.log(
      `page of ${SEEDED_URL}: first data ${times.map(Math.round)} ms, all parts ${whole.map(Math.round)} ms`,
    );
    return Math.round(median(times));
  } finally {
    await browser.close();
    await station.stop();
  }
}
