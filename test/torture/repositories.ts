/**
 * Torture of the clone cache: `npm run torture:repositories [-- --short] [--minutes 30] [--speed 8] [--remotes 60]
 * [--disk 16] [--seed 1] [--source /path/of/a/real/repo.git]…`. A station keeps many remotes fresh for half an hour of
 * its schedule, by a clock that runs `--speed` times faster than the machine's, in a file system too small for all of
 * them, while they grow, are force-pushed, emptied, deleted, corrupted, fall silent, are slow or drop connections, and
 * the station is killed now and then. `--source` may be given several times: every third remote is a copy of one of
 * those. `--short` is two minutes of a schedule with shorter intervals. Needs Linux and root (it mounts a tmpfs).
 * Throws, and exits 1, when a budget is exceeded by more than one repository's growth, a clone in use or a pinned one
 * is evicted, or a count is not git's own at the end.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { parseArgs } from 'node:util';
import { formatBytes } from '../../src/base/units.ts';
import { diskUsage } from '../../src/gather/repos/cache/usage.ts';
import { cloneDirectoryName } from '../../src/gather/repos/clone/directories.ts';
import { type FastTime, fastClockEnvironment, fastNowMs } from '../support/fast-clock.ts';
import { type RunningStation, rows, startStation } from '../support/sluice.ts';
import { TortureRemotes } from '../support/torture-remotes.ts';

/** Commits of this project's own history that the remotes are copies of. */
const OWN_COMMITS = 300;

/** A copy of how the history of this checkout begins, so that what is on the disk does not grow with the project. */
function ownHistory(folder: string): string {
  const path = join(folder, 'own.git');
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  git('init', '--quiet', '--bare', '--initial-branch=main', path);
  const commits = git('rev-list', '--reverse', '--topo-order', 'HEAD').split('\n');
  git('push', '--quiet', path, `${commits[Math.min(OWN_COMMITS, commits.length) - 1]}:refs/heads/main`);
  return path;
}

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    speed: { type: 'string', default: '8' },
    remotes: { type: 'string' },
    disk: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    source: { type: 'string', multiple: true },
  },
});
const minutes = Number(values.minutes ?? (values.short ? 2 : 30));
/** Time of the station's: what is written of minutes in what follows is of its schedule. */
const time: FastTime = { speed: Number(values.speed), startMs: Date.now() };
/**
 * Every remote has its turn half a dozen times at least, those that change lately as often as the product's defaults
 * have it.
 */
const schedule = values.short ? { minInterval: '10s', maxInterval: '1m' } : { maxInterval: '5m' };
const count = Number(values.remotes ?? (values.short ? 16 : 60));
const diskMiB = Number(values.disk ?? (values.short ? 5 : 16));
const minFreeBytes = (diskMiB * 2 ** 20) / 4;
const STRIKE_EVERY_MS = 250;
const KILL_EVERY_MS = values.short ? 5_000 : 12_000;
const SAMPLE_EVERY_MS = 50;

/** Codes that a bake among such remotes may end with; any other is a fault of ours. */
const EXPECTED =
  /^(not_a_repository|connection_lost|timed_out|host_\w+|repository_corrupt|git_failed|cache_full|disk_full|cancelled|stopping|lease_lost)$/;

const seen = {
  bakes: 0,
  failed: new Map<string, number>(),
  evicted: 0,
  kills: 0,
  samples: 0,
  overBytes: 0,
  largestBytes: 0,
};
const faults: string[] = [];
const cleanUps: (() => unknown)[] = [];
const context = { after: (clean: () => unknown) => cleanUps.push(clean) } as unknown as TestContext;

/**
 * Reads a station's log as it comes: what is evicted must not be worked in, by the order in which the station says so.
 */
class LogReader {
  readonly #working = new Set<string>();
  #read = 0;

  readOn(text: string): void {
    const end = text.lastIndexOf('\n') + 1;
    for (const line of text.slice(this.#read, end).split('\n'))
      if (line.startsWith('{')) this.#take(JSON.parse(line));
    this.#read = Math.max(this.#read, end);
  }

  #take({ msg, target, code, reason, level }: Record<string, string>): void {
    if (msg === 'bake started') this.#working.add(target ?? '');
    if (msg === 'bake done' || msg === 'bake failed') this.#working.delete(target ?? '');
    if (msg === 'bake done') seen.bakes += 1;
    if (msg === 'bake failed') seen.failed.set(code ?? '', (seen.failed.get(code ?? '') ?? 0) + 1);
    if (msg === 'bake failed' && !EXPECTED.test(code ?? '')) faults.push(`${target}: ${code}: ${reason}`);
    if (msg?.startsWith('clone evicted')) {
      seen.evicted += 1;
      if (this.#working.has(target ?? '')) faults.push(`${target} was evicted while it was baked`);
    }
    if (Number(level) >= 50) faults.push(`error in the log: ${msg} ${code ?? ''}`);
  }
}

async function torture(base: string): Promise<string> {
  const disk = join(base, 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMiB}m`, 'tmpfs', disk]);
  cleanUps.push(() => execFileSync('umount', ['-l', disk]));
  const folder = join(base, 'remotes');
  const sources = values.source?.map(source => resolve(source)) ?? [ownHistory(base)];
  const remotes = await TortureRemotes.start(context, {
    folder,
    count,
    sources,
    seed: Number(values.seed),
    nowMs: () => fastNowMs(time),
  });
  const cwd = join(base, 'station');
  const cache = join(disk, 'cache');
  mkdirSync(cwd);
  const [byHand = '', ...pinned] = remotes.sparedUrls;
  writeFileSync(join(cwd, 'sluice.yaml'), yaml(remotes, cache, pinned));
  const places = remotes.sparedUrls.map(url => join(cache, cloneDirectoryName(url)));
  const there = new Set<string>();
  let log = new LogReader();
  let station = await startStation(context, { cwd, env: fastClockEnvironment(time) });
  const sampler = setInterval(() => {
    sample(disk);
    log.readOn(station.stderr());
    for (const place of places) {
      if (existsSync(place)) there.add(place);
      else if (there.has(place) && !isBeingReplaced(cache)) faults.push(`${place} was pinned and went`);
    }
  }, SAMPLE_EVERY_MS);
  cleanUps.push(() => clearInterval(sampler));
  await station.ask('/bake', { url: byHand, wait: true });
  await station.ask('/api/v1/cache/pin', { url: byHand });
  const sizes = setInterval(() => void largest(cache), 500);
  cleanUps.push(() => clearInterval(sizes));
  const endMs = fastNowMs(time) + minutes * 60_000;
  for (let nextKillMs = performance.now() + KILL_EVERY_MS; fastNowMs(time) < endMs; ) {
    remotes.strike();
    await new Promise(resolve => setTimeout(resolve, STRIKE_EVERY_MS));
    if (performance.now() < nextKillMs) continue;
    station.process.kill('SIGKILL');
    await station.ended;
    log.readOn(station.stderr());
    seen.kills += 1;
    // Both at once: the sampler must not read the old station's words with the new one's reader.
    const next = await startStation(context, { cwd, env: fastClockEnvironment(time) });
    [station, log] = [next, new LogReader()];
    nextKillMs = performance.now() + KILL_EVERY_MS;
  }
  remotes.repairAll();
  await bakeAll(station, remotes.urls);
  clearInterval(sampler);
  clearInterval(sizes);
  station.process.kill('SIGTERM');
  await station.ended;
  log.readOn(station.stderr());
  return verdict(remotes, cwd, cache, places);
}

function yaml(remotes: TortureRemotes, cache: string, pinned: readonly string[]): string {
  return JSON.stringify({
    repos: remotes.urls,
    schedule,
    git: { idleTimeout: '2s', allowPrivateAddresses: true, concurrency: 4, perHost: 4 },
    bake: { threads: 2 },
    config: { cache: { directory: cache, minFreeDisk: `${minFreeBytes}B`, neverEvict: pinned } },
  });
}

function sample(disk: string): void {
  const { bavail, bsize } = statfsSync(disk);
  seen.samples += 1;
  seen.overBytes = Math.max(seen.overBytes, minFreeBytes - bavail * bsize);
}

/** A broken clone is moved aside for a moment when the new one takes its place. */
function isBeingReplaced(cache: string): boolean {
  return readdirSync(cache).some(name => /^tmp-\d+-[0-9a-f]+-[0-9a-f]{8}$/.test(name));
}

async function largest(cache: string): Promise<void> {
  for (const name of existsSync(cache) ? readdirSync(cache) : [])
    seen.largestBytes = Math.max(seen.largestBytes, await diskUsage(join(cache, name)));
}

/** Everything is baked once more, as a person would ask for it: again where there was no room just then. */
async function bakeAll(station: RunningStation, urls: readonly string[]): Promise<void> {
  const queue = [...urls];
  const worker = async (): Promise<void> => {
    for (let url = queue.shift(); url !== undefined; url = queue.shift()) {
      for (let tries = 0; tries < 20; tries += 1) {
        if (await bakes(station, url)) break;
        await new Promise(resolve => setTimeout(resolve, 200));
      }
    }
  };
  await Promise.all([worker(), worker()]);
}

/** Whether it is baked now; the connection may be one that the station was about to close. */
async function bakes(station: RunningStation, url: string): Promise<boolean> {
  const asked = station.ask('/bake', { url, wait: true }).catch((error: Error) => {
    if (error instanceof TypeError || error.name === 'TimeoutError') return { status: 0 };
    throw error;
  });
  return (await station.before(asked)).status === 200;
}

function verdict(remotes: TortureRemotes, cwd: string, cache: string, places: readonly string[]): string {
  const wanted = remotes.counts();
  const stored = new Map(
    rows(join(cwd, 'sluice.db'), 'SELECT url, commits FROM repositories').map(row => [
      String(row.url),
      Number(row.commits),
    ]),
  );
  const wrong = [...wanted].filter(([url, commits]) => stored.get(url) !== commits);
  for (const [url, commits] of wrong)
    faults.push(`${url}: ${stored.get(url)} commits stored, git counts ${commits}`);
  for (const place of places) if (!existsSync(place)) faults.push(`${place} is pinned and not there`);
  const left = readdirSync(cache).filter(name => /^tmp-\d+-[0-9a-f]+-[0-9a-f]{8}$/.test(name));
  if (left.length > 0) faults.push(`half clones left: ${left.join(', ')}`);
  if (seen.evicted === 0) faults.push('nothing was evicted: the disk is not too small for the remotes');
  if (seen.overBytes > seen.largestBytes) faults.push(`budget exceeded by ${formatBytes(seen.overBytes)}`);
  assert.deepEqual(faults.slice(0, 20), [], `${faults.length} faults`);
  const failed = [...seen.failed].map(([code, times]) => `${code} ${times}`).join(', ');
  const struck = Object.entries(remotes.mischief)
    .map(([kind, times]) => `${times} ${kind}`)
    .join(', ');
  const share = (seen.overBytes / seen.largestBytes).toFixed(2);
  return (
    `torture repositories: ${minutes} minutes of the schedule, ${count} remotes (${Math.ceil(count / 3)} copies of ${values.source?.length ?? 1} real ones) on a ${diskMiB} MiB disk, ${seen.bakes} bakes, ${seen.evicted} evictions, ${seen.kills} kills, ` +
    `${wanted.size} counts equal to git's, 0 evicted in use, 0 pinned gone, at most ${formatBytes(Math.max(0, seen.overBytes))} over budget ` +
    `(${share} of the largest clone) in ${seen.samples} samples; remotes: ${struck}; failed: ${failed}`
  );
}

const base = mkdtempSync(join(tmpdir(), 'sluice-torture-'));
try {
  console.log(`seed ${values.seed}`);
  console.log(await torture(base));
} finally {
  for (const clean of cleanUps.reverse()) await clean();
  rmSync(base, { recursive: true, force: true });
}
