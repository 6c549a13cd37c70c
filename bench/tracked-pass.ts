/**
 * What keeping many repositories fresh costs while nothing moves: a pass over all of them, and the time between
 * two passes. The remotes are served by `git daemon` in a process of its own. Also how `/ping` is
 * answered while the first bakes of all of them go on.
 *
 * Usage: node bench/tracked-pass.ts [--repositories 200] [--commits 50] [--idle-seconds 20] [--passes 3]
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { grownRepository } from '../test/support/sluice.ts';
import { machine, median, quantile } from './support/measure.ts';

const MAIN = resolve(import.meta.dirname, '../bin/sluice.js');
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']).toString());
const LOOK_EVERY_MS = 100;

const { values } = parseArgs({
  options: {
    repositories: { type: 'string', default: '200' },
    commits: { type: 'string', default: '50' },
    'idle-seconds': { type: 'string', default: '20' },
    passes: { type: 'string', default: '3' },
  },
});
const count = Number(values.repositories);
const idleS = Number(values['idle-seconds']);

interface Tracked {
  readonly repositories: readonly {
    readonly url: string;
    readonly state: string;
    readonly lastBakedAt: string | null;
  }[];
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
const children: ChildProcess[] = [];
try {
  console.log(machine());
  await run();
} finally {
  for (const child of children) stop(child);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function run(): Promise<void> {
  const origin = await serveRepositories();
  const urls = Array.from({ length: count }, (_, index) => `${origin}/r${index}`);
  const startMs = performance.now();
  const { url, pid } = await startStation(urls);
  const pings = await pingUntil(
    url,
    async () => (await tracked(url)).filter(({ state }) => state === 'ok').length === count,
  );
  const firstS = (performance.now() - startMs) / 1000;
  const [p50, p99, longest] = [0.5, 0.99, 1].map(share => quantile(pings, share).toFixed(1));
  console.log(
    `first bakes of all: ${firstS.toFixed(1)} s; /ping meanwhile, ${pings.length} requests: p50 ${p50} ms, p99 ${p99} ms, longest ${longest} ms`,
  );
  const passes: number[] = [];
  const costs: number[] = [];
  for (let pass = 0; pass < Number(values.passes); pass += 1) {
    const { wallS, cpuS } = await measurePass(url, pid, urls);
    passes.push(wallS);
    costs.push(cpuS);
    console.log(`pass ${pass + 1}: ${wallS.toFixed(1)} s, ${cpuS.toFixed(1)} s of processor time with git's`);
  }
  const before = cpuSeconds(pid);
  await new Promise(resolve => setTimeout(resolve, idleS * 1000));
  const idle = ((cpuSeconds(pid) - before) / idleS) * 100;
  console.log(
    `${count} idle repositories: a pass ${median(passes).toFixed(1)} s wall (target 60), ` +
      `${((median(costs) / count) * 1000).toFixed(1)} ms of processor time each; ` +
      `between passes ${idle.toFixed(2)} % of a core (target 1); /ping p99 ${p99} ms while baking (target 50)`,
  );
}

/** Serves copies of one repository over git:// on a free port; answers with their origin. */
async function serveRepositories(): Promise<string> {
  const root = join(folder, 'remotes');
  const first = grownRepository(join(root, 'r0.git'), Number(values.commits));
  for (let index = 1; index < count; index += 1)
    cpSync(first.path, join(root, `r${index}.git`), { recursive: true });
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  const options = ['--export-all', '--reuseaddr', '--max-connections=0', `--base-path=${root}`];
  const args = ['daemon', ...options, '--listen=127.0.0.1', `--port=${port}`, root];
  children.push(spawn('git', args, { stdio: 'ignore', detached: true }));
  return `git://127.0.0.1:${port}`;
}

async function startStation(urls: readonly string[]): Promise<{ url: string; pid: number }> {
  const file = join(folder, 'sluice.yaml');
  const yaml = { log: { level: 'error' }, schedule: { minInterval: '1h' }, repos: urls };
  writeFileSync(file, JSON.stringify(yaml));
  const child = spawn(process.execPath, [MAIN, 'up', '--port', '0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  children.push(child);
  let greeting = '';
  for await (const chunk of child.stdout) {
    greeting += chunk;
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(greeting)?.[0];
    if (url !== undefined) return { url, pid: child.pid ?? 0 };
  }
  throw new Error('the station did not start');
}

async function tracked(url: string): Promise<Tracked['repositories']> {
  return ((await (await fetch(`${url}/api/v1/repositories`)).json()) as Tracked).repositories;
}

/** Asks for /ping all the while; answers how long each took. */
async function pingUntil(url: string, done: () => Promise<boolean>): Promise<number[]> {
  const times: number[] = [];
  for (let lookedMs = 0; ; ) {
    const startMs = performance.now();
    await (await fetch(`${url}/ping`)).text();
    times.push(performance.now() - startMs);
    if (performance.now() - lookedMs > LOOK_EVERY_MS * 5) {
      if (await done()) return times;
      lookedMs = performance.now();
    }
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

/** Raises all, and waits until each has been synced since. */
async function measurePass(
  url: string,
  pid: number,
  urls: readonly string[],
): Promise<{ wallS: number; cpuS: number }> {
  const beginMs = Date.now();
  const cpuBefore = cpuSeconds(pid);
  await fetch(`${url}/api/v1/sync`, { method: 'POST', body: JSON.stringify({ urls }) });
  const isSynced = ({ lastBakedAt }: Tracked['repositories'][number]): boolean =>
    Date.parse(lastBakedAt ?? '') >= beginMs;
  while (!(await tracked(url)).every(isSynced))
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS));
  return { wallS: (Date.now() - beginMs) / 1000, cpuS: cpuSeconds(pid) - cpuBefore };
}

/** Of a process and of its children that have ended: fields 14 to 17 of /proc/PID/stat (proc(5)). */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}

function stop(child: ChildProcess): void {
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
