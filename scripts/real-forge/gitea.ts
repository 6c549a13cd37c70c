import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort, isExecutable, onPath, run, startProgram, untilAnswers } from '../real-s3/server.ts';

/** A real Gitea while it runs; everything it made goes with `stop` and its folder. */
export interface RealGitea {
  /** "Gitea 1.26.0", for the report. */
  readonly name: string;
  readonly baseUrl: string;
  /** Of an administrator. */
  readonly token: string;
  readonly secondToken: string;
  stop(): Promise<void>;
}

/** Built once; below node_modules, which nobody commits. */
const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache/real-forge');

/** The newest version all of whose modules the Go proxy has. */
const VERSION = 'v1.26.0';
const MODULE = 'code.gitea.io/gitea';

export interface FoundGitea {
  readonly path: string;
  /** Templates and texts, for a program that does not carry them. */
  readonly staticRoot: string | undefined;
}

/**
 * gitea or forgejo on the PATH, one built before, or one built now: `go install` refuses it (its go.mod
 * replaces modules), so the module is downloaded and built in a folder of its own, at low priority.
 */
export async function obtainGitea(budgetMs: number): Promise<FoundGitea | { readonly why: string }> {
  const installed = (await onPath('gitea')) ?? (await onPath('forgejo'));
  if (installed !== undefined) return { path: installed, staticRoot: undefined };
  const built = { path: join(CACHE, 'gitea'), staticRoot: join(CACHE, 'static') };
  if (await isExecutable(built.path)) return built;
  const go = await onPath('go');
  if (go === undefined)
    return { why: 'no gitea or forgejo on the PATH, and there is no Go to build one with' };
  console.error(`real-forge: building ${MODULE}@${VERSION} (once; 7 minutes on 2 cores)`);
  const source = join(CACHE, 'source');
  await mkdir(CACHE, { recursive: true });
  try {
    const env = { ...process.env, GOFLAGS: '-buildvcs=false' };
    const { stdout } = await run(go, ['mod', 'download', '-json', `${MODULE}@${VERSION}`], {
      env,
      timeout: budgetMs,
    });
    const { Dir } = JSON.parse(stdout) as { readonly Dir: string };
    await cp(Dir, source, { recursive: true });
    await run('chmod', ['-R', 'u+w', source]);
    const tags = ['-tags', 'sqlite sqlite_unlock_notify', '-ldflags', `-X main.Version=${VERSION.slice(1)}`];
    const build = ['-n', '19', go, 'build', '-p', '1', ...tags, '-o', built.path, '.'];
    await run('nice', build, { cwd: source, env, timeout: budgetMs, maxBuffer: 64 * 1024 * 1024 });
    for (const part of ['options', 'templates', 'public']) {
      await cp(join(source, part), join(built.staticRoot, part), { recursive: true });
    }
  } catch (error) {
    const { killed, stderr } = error as { killed?: boolean; stderr?: string };
    return {
      why: killed ? `building took longer than ${budgetMs / 1000} s` : (stderr ?? String(error)).slice(-500),
    };
  } finally {
    await rm(source, { recursive: true, force: true });
  }
  return built;
}

/** Starts it on a free port of 127.0.0.1 with its data below `folder`, an administrator and two tokens. */
export async function startGitea({ path, staticRoot }: FoundGitea, folder: string): Promise<RealGitea> {
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const config = join(folder, 'app.ini');
  await writeFile(config, configuration(folder, port, staticRoot));
  const env = { HOME: folder, GITEA_WORK_DIR: folder, USER: userInfo().username };
  const cli = async (...args: string[]): Promise<string> => {
    const all = [...args, '--config', config];
    return (await run(path, all, { env: { ...process.env, ...env }, timeout: 60_000 })).stdout;
  };
  await cli('migrate');
  const user = ['--username', 'acme', '--password', 'sluice-real-test', '--email', 'acme@example.com'];
  await cli('admin', 'user', 'create', ...user, '--admin', '--must-change-password=false');
  const reviewer = ['--username', 'grace', '--password', 'sluice-real-test', '--email', 'grace@example.com'];
  await cli('admin', 'user', 'create', ...reviewer, '--admin', '--must-change-password=false');
  // What it warns of stands before the token.
  const tokenOf = async (name: string): Promise<string> =>
    (await cli('admin', 'user', 'generate-access-token', '--username', name, '--scopes', 'all', '--raw'))
      .trim()
      .split('\n')
      .at(-1) ?? '';
  const token = await tokenOf('acme');
  const secondToken = await tokenOf('grace');
  const program = startProgram(path, ['web', '--config', config], env);
  try {
    await untilAnswers(`${baseUrl}/api/v1/version`, program, 60_000);
  } catch (error) {
    await program.stop();
    throw error;
  }
  const { version } = (await (await fetch(`${baseUrl}/api/v1/version`)).json()) as {
    readonly version: string;
  };
  return { name: `Gitea ${version}`, baseUrl, token, secondToken, stop: () => program.stop() };
}

function configuration(folder: string, port: number, staticRoot: string | undefined): string {
  return `
APP_NAME = sluice-test
RUN_USER = ${userInfo().username}
WORK_PATH = ${folder}
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = ${port}
ROOT_URL = http://127.0.0.1:${port}/
DISABLE_SSH = true
OFFLINE_MODE = true
${staticRoot === undefined ? '' : `STATIC_ROOT_PATH = ${staticRoot}`}
[database]
DB_TYPE = sqlite3
PATH = ${join(folder, 'gitea.db')}
[repository]
ROOT = ${join(folder, 'repositories')}
[security]
INSTALL_LOCK = true
SECRET_KEY = sluice-real-test
INTERNAL_TOKEN = eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJuYmYiOjE3MDAwMDAwMDB9.Q8dPZDHjvYcq2Vr3Jj9hVn0vRfXy8nYo2xFZ6oGqK0E
[api]
MAX_RESPONSE_ITEMS = 5
[webhook]
ALLOWED_HOST_LIST = loopback
[log]
LEVEL = error
MODE = console
[indexer]
ISSUE_INDEXER_TYPE = db
[mailer]
ENABLED = false
`;
}
