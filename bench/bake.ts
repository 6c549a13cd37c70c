/**
 * How long history takes to become rows, against `git log --all` of the same fields to /dev/null: whole
 * processes, from their start to their exit, in pairs one after the other. Ratios of pairs are compared, since
 * a machine's speed changes from minute to minute.
 *
 * Usage: node bench/bake.ts --repository GIT_DIR [--rounds 5] [--json]
 * No repository at hand: node bench/generate-repository.ts makes one.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { BakeOutcome } from './support/bake-steps.ts';

/** Every field that a row has; the body is where trailers are. */
const FIELDS = ['%H', '%P', '%an', '%ae', '%ad', '%cn', '%ce', '%cd', '%s', '%b'];
const NEWS = 10;
const BAKE = join(import.meta.dirname, 'support/bake-once.ts');

interface Pair {
  readonly floorMs: number;
  readonly bakeMs: number;
  readonly outcome: BakeOutcome;
}

function git(gitDir: string, ...args: readonly string[]): string {
  return execFileSync('git', [`--git-dir=${gitDir}`, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  }).trim();
}

function timeFloor(gitDir: string): number {
  const args = [`--git-dir=${gitDir}`, 'log', '--all', '--date=raw', `--format=${FIELDS.join('%x00')}`];
  const startMs = performance.now();
  const { status } = spawnSync('git', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`git log ended with ${status}`);
  return performance.now() - startMs;
}

function timeBake(...args: readonly string[]): { readonly ms: number; readonly outcome: BakeOutcome } {
  const startMs = performance.now();
  const { status, stdout } = spawnSync(process.execPath, [BAKE, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ms = performance.now() - startMs;
  if (status !== 0) throw new Error(`the bake ended with ${status}`);
  return { ms, outcome: JSON.parse(stdout) as BakeOutcome };
}

function measureFirst(gitDir: string, directory: string): Pair {
  const database = join(directory, 'first.db');
  rmSync(database, { force: true });
  const floorMs = timeFloor(gitDir);
  const { ms, outcome } = timeBake(gitDir, database);
  return { floorMs, bakeMs: ms, outcome };
}

/** The refs as they were before the newest commits: their parents stand in for them. */
function tipsBeforeNews(gitDir: string): string {
  const news = new Map<string, readonly string[]>();
  for (const line of git(gitDir, 'rev-list', '--all', '--parents', '-n', String(NEWS)).split('\n')) {
    const [hash = '', ...parents] = line.split(' ');
    news.set(hash, parents);
  }
  const lines: string[] = [];
  for (const line of git(gitDir, 'for-each-ref', '--format=%(objectname) %(*objectname) %(refname)').split(
    '\n',
  )) {
    const [tip = '', peeled = '', name = ''] = line.split(' ');
    if (!news.has(peeled || tip)) lines.push(`${tip} ${name}`);
  }
  for (const [hash, parents] of news) {
    parents
      .filter(parent => !news.has(parent))
      .forEach((parent, nth) => void lines.push(`${parent} refs/before/${hash}/${nth}`));
  }
  return `${lines.join('\n')}\n`;
}

function measureNews(gitDir: string, directory: string, rounds: number) {
  const before = join(directory, 'before.db');
  const tips = join(directory, 'tips');
  writeFileSync(tips, tipsBeforeNews(gitDir));
  timeBake(gitDir, before, tips);
  return Array.from({ length: rounds }, () => {
    const database = join(directory, 'news.db');
    copyFileSync(before, database);
    return timeBake(gitDir, database);
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function main(): void {
  const { values } = parseArgs({
    options: {
      repository: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  });
  if (!values.repository) throw new Error('--repository GIT_DIR is missing');
  const rounds = Number(values.rounds);
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    // One of each first, for the disk cache and the cache of compiled code.
    measureFirst(values.repository, directory);
    const pairs = Array.from({ length: rounds }, () => measureFirst(values.repository ?? '', directory));
    const news = measureNews(values.repository, directory, rounds);
    const result = {
      commits: pairs[0]?.outcome.commits,
      ratio: Number(median(pairs.map(pair => pair.bakeMs / pair.floorMs)).toFixed(2)),
      ratios: pairs.map(pair => Number((pair.bakeMs / pair.floorMs).toFixed(2))),
      floorMs: Math.round(median(pairs.map(pair => pair.floorMs))),
      bakeMs: Math.round(median(pairs.map(pair => pair.bakeMs))),
      cpuMs: Math.round(median(pairs.map(pair => pair.outcome.cpuMs))),
      peakRssMiB: Math.max(...pairs.map(pair => pair.outcome.peakRssMiB)),
      news: { commits: news[0]?.outcome.newCommits, ms: Math.round(median(news.map(run => run.ms))) },
    };
    console.log(values.json ? JSON.stringify(result) : inWords(result));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function inWords(result: { readonly [name: string]: unknown }): string {
  return Object.entries(result)
    .map(([name, value]) => `${name.padEnd(12)} ${JSON.stringify(value)}`)
    .join('\n');
}

main();
