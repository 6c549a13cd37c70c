/**
 * How long the churn pass takes, against `git log --numstat` with the same options split over as many processes, to
 * /dev/null: the commits in chunks of 200, dealt out to whoever is free. In pairs one after the other; ratios of
 * pairs are compared, of wall time and of processor time (git's and ours), which others at work on the machine hardly
 * change. Sums are compared with one plain `git log --numstat`, too.
 *
 * Usage: node bench/churn.ts --repository FULL_GIT_DIR [--rounds 3] [--processes 2]
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/base/clock.ts';
import { churnPass } from '../src/gather/repos/churn/pass.ts';
import { gitEnvironment } from '../src/gather/repos/git/environment.ts';
import { runGit } from '../src/gather/repos/git/spawn.ts';
import { ingestHistory } from '../src/gather/repos/history/ingest.ts';
import { openStore } from '../src/keep/sqlite/open-store.ts';
import { queryRows } from '../test/support/sqlite-store.ts';
import { machine, median } from './support/measure.ts';

const TARGET = 1.15;
const CHUNK = 200;
const LARGEST_FILE_BYTES = 512 * 1024;

const { values } = parseArgs({
  options: {
    repository: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    processes: { type: 'string', default: String(availableParallelism()) },
  },
});
const gitDir = values.repository ?? '';
if (gitDir === '') throw new Error('--repository FULL_GIT_DIR is missing');
const processes = Number(values.processes);
const ENV = gitEnvironment(process.env, 'none');
const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
try {
  await main();
} finally {
  rmSync(directory, { recursive: true, force: true });
}

interface Sums {
  files: number;
  added: number;
  removed: number;
}

async function main(): Promise<void> {
  console.log(machine());
  const hashes = spawnSync('git', [`--git-dir=${gitDir}`, 'rev-list', '--branches', '--tags'], {
    env: ENV,
    maxBuffer: 2 ** 30,
  })
    .stdout.toString()
    .trim()
    .split('\n');
  const ratios: number[] = [];
  const cpuRatios: number[] = [];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const before = cpuOfChildrenMs();
    const floorMs = await timeGit(hashes);
    const floorCpuMs = cpuOfChildrenMs() - before;
    const { ms, cpuMs, gitCpuMs, sums } = await timePass(join(directory, `${round}.db`));
    const cpuRatio = (gitCpuMs + cpuMs) / floorCpuMs;
    cpuRatios.push(cpuRatio);
    if (round === 0) compare(sums, await plainSums());
    ratios.push(ms / floorMs);
    console.log(
      `git log --numstat ${Math.round(floorMs)} ms, churn pass ${Math.round(ms)} ms (processor: git ${Math.round(floorCpuMs)}, then git ${Math.round(gitCpuMs)} and ours ${cpuMs}): ${(ms / floorMs).toFixed(2)}, processor ${cpuRatio.toFixed(2)}`,
    );
  }
  const ratio = median(ratios);
  console.log(
    `churn: ${hashes.length} commits, ${processes} processes, ${ratio.toFixed(2)} × git log --numstat, processor ${median(cpuRatios).toFixed(2)} × (target ${TARGET}): ${ratio <= TARGET ? 'met' : 'MISSED'}`,
  );
}

function logOf(args: readonly string[], stdout: 'pipe' | 'ignore') {
  const config = ['-c', `core.bigFileThreshold=${LARGEST_FILE_BYTES}`, `--git-dir=${gitDir}`];
  return spawn('git', [...config, 'log', '--numstat', ...args], {
    env: ENV,
    stdio: ['pipe', stdout, 'inherit'],
  });
}

/** One run of git a share of the commits: every nth chunk, so that each has old and new ones. */
async function timeGit(hashes: readonly string[]): Promise<number> {
  const shares = Array.from({ length: processes }, () => [] as string[]);
  for (let at = 0; at < hashes.length; at += CHUNK) {
    shares[(at / CHUNK) % processes]?.push(...hashes.slice(at, at + CHUNK));
  }
  const startMs = performance.now();
  await Promise.all(
    shares.map(async share => {
      const git = logOf(['--no-walk=unsorted', '--format=%H', '--stdin'], 'ignore');
      git.stdin?.end(`${share.join('\n')}\n`);
      const [code] = await once(git, 'close');
      if (code !== 0) throw new Error(`git log ended with ${code}`);
    }),
  );
  return performance.now() - startMs;
}

async function timePass(path: string) {
  const store = await openStore(path, { clock: systemClock });
  const { id } = await store.repositories.ensure(gitDir, 'local');
  const listed = await runGit(
    ['for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads', 'refs/tags'],
    {
      gitDir,
    },
  );
  const lines = listed.toString().trim().split('\n');
  const tips = new Map(lines.map(line => line.split(' ') as [string, string]));
  await ingestHistory({ gitDir, writer: store.history(id), tips, clock: systemClock });
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  const before = cpuOfChildrenMs();
  const writer = store.churn(id);
  await churnPass({ gitDir, writer, clock: systemClock, processes, largestFileBytes: LARGEST_FILE_BYTES });
  const ms = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpu);
  const gitCpuMs = cpuOfChildrenMs() - before;
  const [sums] = queryRows(
    store,
    'SELECT sum(files) AS files, sum(added) AS added, sum(removed) AS removed FROM commit_churn',
  );
  await store.close();
  return { ms, cpuMs: Math.round((user + system) / 1000), gitCpuMs, sums: sums as unknown as Sums };
}

/** Processor time of the children that have ended: cutime and cstime of proc(5), in hundredths of a second. */
function cpuOfChildrenMs(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

async function plainSums(): Promise<Sums> {
  const git = logOf(['--branches', '--tags', '--format='], 'pipe');
  git.stdin?.end();
  const sums: Sums = { files: 0, added: 0, removed: 0 };
  if (!git.stdout) throw new Error('git log without output');
  for await (const line of createInterface({ input: git.stdout })) {
    const [added, removed, path] = line.split('\t');
    if (path === undefined) continue;
    sums.files += 1;
    sums.added += Number(added) || 0;
    sums.removed += Number(removed) || 0;
  }
  return sums;
}

function compare(ours: Sums, gits: Sums): void {
  const same = ours.files === gits.files && ours.added === gits.added && ours.removed === gits.removed;
  console.log(`sums ${same ? 'equal' : 'DIFFER from'} git log --numstat: ${JSON.stringify(ours)}`);
  if (!same) throw new Error(`git has ${JSON.stringify(gits)}`);
}
