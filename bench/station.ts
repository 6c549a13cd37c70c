/**
 * What a person waits for: `sluice --help`, a station getting ready, the first page's queries, and `/ping`
 * while a large repository is baked.
 *
 * Usage: node bench/station.ts REPOSITORY [ROUNDS]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { machine, measure, median, quantile } from './support/measure.ts';
import { startUp, type UpStation } from './support/up.ts';

const MAIN = resolve(import.meta.dirname, '../bin/sluice.js');
const PING_EVERY_MS = 5;

const source = process.argv[2];
const rounds = Number(process.argv[3] ?? 5);
if (!source) throw new Error('usage: node bench/station.ts REPOSITORY [ROUNDS]');
const repository = resolve(source);

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
try {
  console.log(machine());
  const help: number[] = [];
  for (let round = 0; round < rounds; round += 1)
    help.push((await measure(process.execPath, [MAIN, '--help'])).wallMs);
  console.log(`sluice --help: median ${Math.round(median(help))} ms`);
  await measureStation();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measureStation(): Promise<void> {
  const ready: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const station = await startStation(`ready-${round}`);
    ready.push(station.readyMs);
    await station.stop();
  }
  console.log(`station ready, from process start to its greeting: median ${Math.round(median(ready))} ms`);

  const station = await startStation('bake');
  const { url } = station;
  try {
    const pings = await pingWhileBaking(url);
    const figures = [0.5, 0.99, 1].map(share => quantile(pings, share).toFixed(1));
    console.log(
      `/ping while ${repository} is baked, ${pings.length} requests: p50 ${figures[0]} ms, p99 ${figures[1]} ms, longest ${figures[2]} ms`,
    );
    const repo = encodeURIComponent(repository);
    for (const path of [
      `/api/v1/insights/commits?by=week&repo=${repo}`,
      `/api/v1/insights/authors?limit=10&repo=${repo}`,
      '/api/v1/status',
      '/api/v1/repositories',
    ]) {
      const times: number[] = [];
      for (let round = 0; round < rounds * 4; round += 1) times.push(await timeOf(url + path));
      console.log(
        `GET ${path.replace(repo, '…')}: median ${median(times).toFixed(1)} ms, longest ${Math.max(...times).toFixed(1)} ms`,
      );
    }
  } finally {
    await station.stop();
  }
}

function startStation(name: string): Promise<UpStation> {
  const args = [
    '--root',
    join(folder, name),
    '--database',
    join(folder, `${name}.db`),
    '--log-level',
    'error',
  ];
  return startUp(args, { cwd: folder, env: { SLUICE_CONFIG: configFile() } });
}

/** Lets the API bake a path. */
function configFile(): string {
  const path = join(folder, 'bench.yaml');
  writeFileSync(path, `git:\n  allowPaths: [${JSON.stringify(repository)}]\n`);
  return path;
}

async function timeOf(url: string, options?: RequestInit): Promise<number> {
  const startMs = performance.now();
  const response = await fetch(url, options);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return performance.now() - startMs;
}

async function pingWhileBaking(url: string): Promise<number[]> {
  let baking = true;
  const baked = timeOf(`${url}/bake`, {
    method: 'POST',
    body: JSON.stringify({ url: repository, wait: true }),
  }).finally(() => {
    baking = false;
  });
  const pings: number[] = [];
  while (baking) {
    pings.push(await timeOf(`${url}/ping`));
    await new Promise(done => setTimeout(done, PING_EVERY_MS));
  }
  await baked;
  return pings;
}
