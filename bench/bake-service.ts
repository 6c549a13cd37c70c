/**
 * Bakes as a running station does them, `POST /bake {"wait": true}`, against `git log --all` of the same fields to
 * /dev/null on the same clone in the same run: a first bake from the end of its clone to the answer, one whose clone is
 * there from before from request to answer, and bakes of ten new commits.
 *
 * Usage: node bench/bake-service.ts REPOSITORY [ROUNDS]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { addCommits, awaitClone, cloneIn, gitLog, remoteCopy } from './support/bake-remote.ts';
import { machine, measure, median } from './support/measure.ts';
import { memoryOf } from './support/processes.ts';
import { startUp } from './support/up.ts';

const MAIN = resolve(import.meta.dirname, '../bin/sluice.js');
const NEW_COMMITS = 10;

interface Baked {
  readonly wallMs: number;
  readonly commits: number;
  readonly newCommits: number;
  readonly durationMs: number;
  readonly fetchMs: number;
}

const source = process.argv[2];
const rounds = Number(process.argv[3] ?? 5);
if (!source) throw new Error('usage: node bench/bake-service.ts REPOSITORY [ROUNDS]');

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
const remote = remoteCopy(resolve(source), folder);
const database = join(folder, 'bench.db');
const config = join(folder, 'bench.yaml');
writeFileSync(config, `git:\n  allowPaths: [${JSON.stringify(remote)}]\n`);
const options = ['--config', config, '--root', folder, '--database', database, '--log-level', 'error'];
try {
  console.log(`${machine()}, ${execFileSync('git', ['--version'], { encoding: 'utf8' }).trim()}`);
  await run();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function run(): Promise<void> {
  await measure(process.execPath, [MAIN, ...options, 'bake', remote]);
  const cache = join(folder, 'cache');
  const clone = cloneIn(cache);
  const afterClone: number[] = [];
  const afterCloneRatios: number[] = [];
  const walls: number[] = [];
  const ratios: number[] = [];
  let commits = 0;
  let peakMib = 0;
  for (let round = 0; round < rounds; round += 1) {
    removeDatabase();
    const floor = await gitLog(clone, { coAuthors: true });
    rmSync(cache, { recursive: true });
    await whileUp(async (url, pid) => {
      const cloned = awaitClone(cache);
      await bake(url);
      const tookMs = performance.now() - cloned.atMs();
      cloned.close();
      afterClone.push(tookMs);
      afterCloneRatios.push(tookMs / floor.wallMs);
      peakMib = Math.max(peakMib, memoryOf(pid).peakMib);
    });
    removeDatabase();
    await whileUp(async (url, pid) => {
      const baked = await bake(url);
      walls.push(baked.wallMs);
      ratios.push(baked.wallMs / floor.wallMs);
      commits = baked.commits;
      peakMib = Math.max(peakMib, memoryOf(pid).peakMib);
    });
  }
  const news: number[] = [];
  const afterFetch: number[] = [];
  await whileUp(async url => {
    for (let round = 0; round < rounds; round += 1) {
      addCommits(remote, NEW_COMMITS);
      const { wallMs, newCommits, durationMs, fetchMs } = await bake(url);
      if (newCommits !== NEW_COMMITS) throw new Error(`${newCommits} new commits, not ${NEW_COMMITS}`);
      news.push(wallMs);
      afterFetch.push(durationMs - fetchMs);
    }
  });
  console.log(
    `first bake of ${commits} commits by a station, from the end of its clone to the answer: ${(median(afterClone) / 1000).toFixed(2)} s, ${median(afterCloneRatios).toFixed(2)}× git log with co-authors (median of ${rounds} pairs)`,
  );
  console.log(
    `first bake of a clone that is there: median ${(median(walls) / 1000).toFixed(2)} s, ${median(ratios).toFixed(2)}× git log with co-authors (median of ${rounds} pairs), station's peak ${Math.round(peakMib)} MiB`,
  );
  console.log(
    `bake of ${NEW_COMMITS} new commits by a station: ${Math.round(median(afterFetch))} ms after the fetch, ${Math.round(median(news))} ms with it`,
  );
}

function removeDatabase(): void {
  for (const end of ['', '-wal', '-shm']) rmSync(database + end, { force: true });
}

async function bake(url: string): Promise<Baked> {
  const startMs = performance.now();
  const body = JSON.stringify({ url: remote, wait: true });
  const response = await fetch(`${url}/bake`, { method: 'POST', body });
  const answer = (await response.json()) as { summary: Omit<Baked, 'wallMs'> };
  if (!response.ok) throw new Error(`${response.status}: ${JSON.stringify(answer)}`);
  return { ...answer.summary, wallMs: performance.now() - startMs };
}

async function whileUp(work: (url: string, pid: number) => Promise<void>): Promise<void> {
  const station = await startUp(options, { cwd: folder });
  try {
    await work(station.url, station.pid);
  } finally {
    await station.stop();
  }
}
