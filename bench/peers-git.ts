/**
 * First clone and bake of a repository, against go-git (clone and walk of all commits, bench/peers/go-git-walk) and
 * GrimoireLab's Perceval (git backend, which reads what files changed, too; so there is a second figure of sluice with
 * churn). All from one git daemon on this machine, whole processes, one after the other within a round.
 *
 * Usage: node bench/peers-git.ts --repository FULL_BARE_GIT_DIR [--rounds 1] [--skip NAME]…
 * Needs go and perceval (pip install perceval); what is not there is left out.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { machine, measure, median } from './support/measure.ts';

const TARGETS = { 'go-git': 10, perceval: 5 };
const MAIN = resolve(import.meta.dirname, '../bin/sluice.js');

const { values } = parseArgs({
  options: {
    repository: { type: 'string' },
    rounds: { type: 'string', default: '1' },
    skip: { type: 'string', multiple: true, default: [] },
  },
});
if (!values.repository) throw new Error('--repository FULL_BARE_GIT_DIR is missing');
const repository = resolve(values.repository);
const directory = mkdtempSync(join(tmpdir(), 'sluice-peers-'));
try {
  await main();
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function main(): Promise<void> {
  console.log(machine());
  const port = await freePort();
  const daemon = spawn(
    'git',
    ['-c', 'uploadpack.allowFilter=true', '-c', 'uploadpack.allowAnySHA1InWant=true', 'daemon'].concat([
      '--listen=127.0.0.1',
      `--port=${port}`,
      '--export-all',
      `--base-path=${dirname(repository)}`,
    ]),
    { stdio: 'ignore', detached: true },
  );
  try {
    await untilAnswers(port);
    await compare(`git://127.0.0.1:${port}/${basename(repository)}`);
  } finally {
    // The daemon is a child of "git" itself: the group ends as one.
    if (daemon.pid !== undefined) process.kill(-daemon.pid, 'SIGTERM');
  }
}

async function compare(url: string): Promise<void> {
  const walk = buildGoGit();
  const hasPerceval = spawnSync('perceval', ['--version'], { stdio: 'ignore' }).status === 0;
  const times: Record<string, number[]> = {};
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const place = (name: string): string => {
      const path = join(directory, `${name}-${round}`);
      mkdirSync(path);
      return path;
    };
    const timed = async (
      name: string,
      command: string,
      args: readonly string[],
      cwd: string,
    ): Promise<void> => {
      if (values.skip.includes(name)) return;
      const { wallMs, stdout } = await measure(command, args, { cwd, discard: name === 'perceval' });
      times[name] = [...(times[name] ?? []), wallMs];
      console.log(`${name.padEnd(18)} ${Math.round(wallMs)} ms ${outcome(stdout)}`);
      rmSync(cwd, { recursive: true, force: true });
    };
    await timed('sluice', process.execPath, [MAIN, 'bake', url, '--json'], place('sluice'));
    await timed(
      'sluice with churn',
      process.execPath,
      [MAIN, 'bake', url, '--json', '--churn'],
      place('churn'),
    );
    if (walk) {
      const cwd = place('go-git');
      await timed('go-git', walk, [url, join(cwd, 'clone')], cwd);
    }
    if (hasPerceval) {
      const cwd = place('perceval');
      await timed('perceval', 'perceval', ['git', url, '--git-path', join(cwd, 'clone'), '--json-line'], cwd);
    }
  }
  close(times);
}

/** `{…}` of sluice, `commits authors` of go-git. */
function outcome(stdout: string): string {
  if (!stdout.startsWith('{')) return stdout.trim();
  const { commits, authors } = JSON.parse(stdout) as { commits: number; authors: number };
  return `${commits} ${authors}`;
}

function close(times: Readonly<Record<string, readonly number[]>>): void {
  const ours = times.sluice ?? [];
  const words = Object.entries(TARGETS).map(([peer, target]) => {
    const theirs = times[peer];
    if (!theirs) return `${peer} not there`;
    const ratio = median(theirs.map((ms, round) => ms / (ours[round] ?? Number.NaN)));
    return `${ratio.toFixed(1)} × faster than ${peer} (target ${target}): ${ratio >= target ? 'met' : 'MISSED'}`;
  });
  const withChurn = times['sluice with churn'] ?? [];
  const perceval = times.perceval;
  if (perceval) {
    const ratio = median(perceval.map((ms, round) => ms / (withChurn[round] ?? Number.NaN)));
    words.push(`with churn ${ratio.toFixed(1)} × faster than perceval`);
  }
  console.log(`peers: ${words.join('; ')}`);
}

function buildGoGit(): string | undefined {
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0) return undefined;
  const source = join(directory, 'go-git-walk');
  mkdirSync(source);
  copyFileSync(join(import.meta.dirname, 'peers/go-git-walk/main.go'), join(source, 'main.go'));
  // The module is made here, so that no checksums of a foreign ecosystem are kept in the repository.
  execFileSync('go', ['mod', 'init', 'go-git-walk'], { cwd: source, stdio: 'ignore' });
  execFileSync('go', ['get', 'github.com/go-git/go-git/v5@v5.19.3'], { cwd: source, stdio: 'ignore' });
  execFileSync('go', ['mod', 'tidy'], { cwd: source, stdio: 'ignore' });
  execFileSync('go', ['build', '-o', 'walk', '.'], { cwd: source, stdio: ['ignore', 'inherit', 'inherit'] });
  return join(source, 'walk');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise(resolve => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function untilAnswers(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const answers = await new Promise<boolean>(resolve => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (answers) return;
    await setTimeout(50);
  }
  throw new Error('git daemon does not answer');
}
