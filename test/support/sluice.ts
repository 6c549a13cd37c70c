import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { checkedFetch } from './described.ts';
import { TestRepository, temporaryDirectory } from './git-repositories.ts';
import { killAtExit } from './left-behind.ts';

/** The checkout's command, or an installed package's where `npm run test:package` names its folder. */
export const MAIN = resolve(
  process.env.SLUICE_INSTALLED ?? resolve(import.meta.dirname, '../..'),
  'bin/sluice.js',
);
/** Longer than anything here takes on a busy machine; only what hangs meets it. */
const PATIENCE_MS = 60_000;

export interface SluiceOptions {
  readonly cwd: string;
  /** Over the environment of the tests; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Runs in a process group of its own, so that a signal can go to all of it as a terminal's Ctrl-C does. */
  readonly group?: boolean;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningSluice {
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with the first match in what was printed to standard output or error so far or from now on. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves as the promise does; rejects when the process ends before. */
  before<T>(coming: Promise<T>): Promise<T>;
  readonly ended: Promise<Ended>;
}

/** Starts the command line as a user does, in a folder of the test's. It is killed after the test. */
export function startSluice(
  t: TestContext,
  args: readonly string[],
  { cwd, env, group }: SluiceOptions,
): RunningSluice {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { ...userEnvironment(cwd), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: group ?? false,
  });
  killAtExit(child, { group: group ?? false });
  const texts = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
      for (const check of waiting) check();
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...texts }) as Ended);
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  const printed = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolvePrinted, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        waiting.delete(check);
        reject(new Error(`${pattern} was not printed: ${why}\n${texts.stdout}\n${texts.stderr}`));
      };
      const check = (): void => {
        const match = pattern.exec(texts.stdout) ?? pattern.exec(texts.stderr);
        if (!match) return;
        clearTimeout(timer);
        waiting.delete(check);
        resolvePrinted(match);
      };
      const timer = setTimeout(() => fail('waited long enough'), PATIENCE_MS);
      waiting.add(check);
      check();
      void ended.then(() => fail('it has ended'));
    });
  const before = <T>(coming: Promise<T>): Promise<T> =>
    Promise.race([
      coming,
      ended.then(({ code }) => Promise.reject(new Error(`it ended with exit ${code}\n${texts.stderr}`))),
    ]);
  return { process: child, before, stdout: () => texts.stdout, stderr: () => texts.stderr, printed, ended };
}

/** Runs the command line to its end. */
export function sluice(t: TestContext, args: readonly string[], options: SluiceOptions): Promise<Ended> {
  return startSluice(t, args, options).ended;
}

/** No settings of the machine, of git or of the test runner's colours. */
function userEnvironment(home: string): NodeJS.ProcessEnv {
  const foreign =
    /^(GIT_|SLUICE_|AWS_|NO_COLOR$|FORCE_COLOR$|NODE_TEST|NODE_OPTIONS$)|^(https?|all|no)_proxy$/i;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(kept), HOME: home };
}

export interface RunningStation extends RunningSluice {
  readonly url: string;
  /** Asks the API and answers with status and JSON. */
  ask(path: string, body?: unknown): Promise<{ readonly status: number; readonly body: Answer }>;
}

/** What the tests read of answers of the API; each answer has some of it. */
export interface Answer {
  readonly id: number;
  readonly code: string;
  readonly state: string;
  readonly detail: string;
  readonly summary: { readonly commits: number };
  readonly station: { readonly pid: number };
  readonly repositories: readonly {
    readonly url: string;
    readonly state: string;
    readonly tracked: boolean;
    readonly commits: number;
    readonly authors: number;
  }[];
  readonly runs: readonly { readonly id: number; readonly state: string }[];
  readonly schedule: { readonly running: number };
  readonly stations: readonly { readonly url: string | null; readonly clones: { readonly count: number } }[];
}

/** Starts a station on a free port and waits until it is up. `yaml` becomes its sluice.yaml. */
export async function startStation(
  t: TestContext,
  options: SluiceOptions & { readonly yaml?: string; readonly args?: readonly string[] },
): Promise<RunningStation> {
  if (options.yaml !== undefined) writeFileSync(join(options.cwd, 'sluice.yaml'), options.yaml);
  const running = startSluice(t, ['up', '--port', '0', ...(options.args ?? [])], options);
  const [, url = ''] = await running.printed(/pages +(https?:\S+)/);
  return {
    ...running,
    url,
    async ask(path, body) {
      const response = await checkedFetch()(url + path, {
        method: body === undefined ? 'GET' : 'POST',
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      return { status: response.status, body: (await response.json()) as Answer };
    },
  };
}

/** Checks again and again until something is so, and answers it; fails when it never is. */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

/** Rows of a database, read beside whoever works in it. */
export function rows(database: string, sql: string): Record<string, SQLOutputValue>[] {
  const opened = new DatabaseSync(database, { readOnly: true, timeout: 5000 });
  try {
    return opened
      .prepare(sql)
      .all()
      .map(row => ({ ...row }));
  } finally {
    opened.close();
  }
}

/** Half-made clones in the cache below a folder where `sluice` ran. */
export function scratchLeft(cwd: string): readonly string[] {
  const cache = join(cwd, 'station', 'cache');
  if (!existsSync(cache)) return [];
  return readdirSync(cache).filter(name => /^tmp-\d+-[0-9a-f]+-[0-9a-f]+$/.test(name));
}

/** A bare repository of `commits` commits by `authors` authors on one branch, one a day. */
export function grownRepository(path: string, commits: number, authors = 3): TestRepository {
  const repository = new TestRepository(path);
  addCommits(repository, commits, { authors });
  return repository;
}

/** Adds commits to a branch, without files. */
export function addCommits(
  repository: TestRepository,
  commits: number,
  { branch = 'main', authors = 3 }: { readonly branch?: string; readonly authors?: number } = {},
): void {
  const from = repository.tip(`refs/heads/${branch}`);
  const script: string[] = [];
  for (let index = 0; index < commits; index += 1) {
    const who = `Author ${index % authors} <author${index % authors}@example.org> ${1_700_000_000 + index * 600} +0000`;
    const message = `${branch} ${index}`;
    script.push(`commit refs/heads/${branch}`, `author ${who}`, `committer ${who}`);
    script.push(`data ${message.length}`, message);
    if (index === 0 && from) script.push(`from ${from}`);
  }
  repository.fastImport(`${script.join('\n')}\n`);
}

/** A folder for a user to stand in, outside of any repository. */
export function standingPlace(t: TestContext): string {
  return temporaryDirectory(t, 'sluice-e2e');
}
