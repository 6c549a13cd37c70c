/**
 * Bakes as a running station does them, `POST /bake {"wait": true}` from request to answer, against `git log --all` of
 * the same fields to /dev/null on the same clone in the same run: the first bake (clone in the cache, nothing read) and
 * a bake of ten new commits.
 *
 * Usage: node bench/bake-service.ts REPOSITORY [ROUNDS]
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { addCommits, cloneIn, gitLog, remoteCopy } from './support/bake-remote.ts';
import { machine, measure, median } from './support/measure.ts';
import { memoryOf } from './support/processes.ts';

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
  const clone = cloneIn(join(folder, 'cache'));
  const walls: number[] = [];
  const ratios: number[] = [];
  let commits = 0;
  let peakMib = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const end of ['', '-wal', '-shm']) rmSync(database + end, { force: true });
    const floor = await gitLog(clone, { coAuthors: true });
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
    `first bake of ${commits} commits by a station: median ${(median(walls) / 1000).toFixed(2)} s, ${median(ratios).toFixed(2)}× git log with co-authors (median of ${rounds} pairs), station's peak ${Math.round(peakMib)} MiB`,
  );
  console.log(
    `bake of ${NEW_COMMITS} new commits by a station: ${Math.round(median(afterFetch))} ms after the fetch, ${Math.round(median(news))} ms with it`,
  );
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
  // In a folder that is no repository, so that nothing is baked unasked.
  const station = spawn(process.execPath, [MAIN, ...options, 'up', '--port', '0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let greeting = '';
    for await (const chunk of station.stdout) {
      greeting += chunk;
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(greeting)?.[0];
      if (!url) continue;
      await work(url, station.pid ?? 0);
      return;
    }
    throw new Error(`the station did not come up: ${greeting}`);
  } finally {
    if (station.exitCode === null) {
      station.kill('SIGTERM');
      await once(station, 'exit');
    }
  }
}
