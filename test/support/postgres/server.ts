import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { findBinaries, serverUser } from './binaries.ts';

/** How to reach a server. */
export interface PostgresPlace {
  readonly port: number;
  /** Folder of its socket, which only the user of the tests may enter; no password is asked there. */
  readonly socketFolder: string;
  /** Of the superuser `sluice` over TCP on 127.0.0.1. */
  readonly password: string;
}

/** What is of no use to a server that nobody mourns costs its tests nothing. */
const SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  deadlock_timeout: '50ms',
  max_connections: '300',
  shared_buffers: '64MB',
  max_wal_size: '256MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  log_min_messages: 'warning',
};

/**
 * A real PostgreSQL below one folder: whoever removes the folder after `stop` has removed all of it.
 *
 *   made ──start──▶ running ──stop, kill──▶ made
 */
export class PostgresServer implements PostgresPlace {
  readonly port: number;
  readonly socketFolder: string;
  readonly password: string;
  readonly #data: string;
  readonly #settings: Readonly<Record<string, string>>;
  #postmaster: ChildProcess | undefined;

  private constructor(
    folder: string,
    port: number,
    password: string,
    settings: Readonly<Record<string, string>>,
  ) {
    this.port = port;
    this.password = password;
    this.socketFolder = folder;
    this.#data = dataFolder(folder);
    this.#settings = { ...SETTINGS, ...settings };
  }

  /** Makes a cluster in an empty folder. @param settings of postgresql.conf, beside those for tests */
  static async make(
    folder: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<PostgresServer> {
    const user = serverUser();
    const password = randomBytes(12).toString('hex');
    mkdirSync(dataFolder(folder), { mode: 0o700 });
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, password, { mode: 0o600 });
    chmodSync(folder, 0o700);
    if (user)
      for (const path of [folder, dataFolder(folder), passwordFile]) chownSync(path, user.uid, user.gid);
    const initdb = run('initdb', folder, [
      ...['--pgdata', dataFolder(folder), '--username', 'sluice', '--pwfile', passwordFile],
      ...['--auth-local', 'trust', '--auth-host', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C'],
      ...['--no-sync', '--no-instructions'],
    ]);
    const said = gather(initdb);
    const [code] = await once(initdb, 'close');
    if (code !== 0) throw new Error(`initdb ended with ${code}: ${said()}`);
    return new PostgresServer(folder, await freePort(), password, settings);
  }

  /**
   * Makes a standby in an empty folder, of a server that does not run just now; it follows that one once both do. That
   * one's settings have `wal_level` replica, and `max_wal_senders`.
   */
  static async standbyOf(
    primary: PostgresServer,
    folder: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<PostgresServer> {
    const data = dataFolder(folder);
    cpSync(primary.#data, data, { recursive: true });
    writeFileSync(join(data, 'standby.signal'), '');
    chmodSync(folder, 0o700);
    chmodSync(data, 0o700);
    const user = serverUser();
    if (user) {
      chownSync(folder, user.uid, user.gid);
      chownSync(data, user.uid, user.gid);
      for (const name of readdirSync(data, { recursive: true, encoding: 'utf8' }))
        chownSync(join(data, name), user.uid, user.gid);
    }
    const from = `host=${primary.socketFolder} port=${primary.port} user=sluice`;
    const port = await freePort();
    return new PostgresServer(folder, port, primary.password, { ...settings, primary_conninfo: from });
  }

  /** Of its main process, while it runs. */
  get pid(): number {
    return this.#postmaster?.pid ?? 0;
  }

  /** @returns when it takes connections */
  async start(): Promise<void> {
    const settings = Object.entries(this.#settings).map(([name, value]) => `--${name}=${value}`);
    const postmaster = run('postgres', this.socketFolder, [
      ...['-D', this.#data, '-p', String(this.port), '-h', '127.0.0.1', '-k', this.socketFolder],
      ...settings,
    ]);
    this.#postmaster = postmaster;
    const said = gather(postmaster);
    const ready = async (): Promise<void> => {
      while (!/ready to accept (read-only )?connections/.test(said()))
        await once(postmaster.stderr as never, 'data');
    };
    const ended = async (): Promise<never> => {
      const [code, signal] = await once(postmaster, 'close');
      throw new Error(`postgres ended with ${code ?? signal}: ${said()}`);
    };
    const end = ended();
    end.catch(() => undefined);
    await Promise.race([ready(), end]);
  }

  /** Ends every connection at once, as a restart does, and the server in order. May be repeated. */
  stop(): Promise<void> {
    return this.#end('SIGINT');
  }

  /** Without order: the next start recovers. */
  kill(): Promise<void> {
    return this.#end('SIGQUIT');
  }

  /** For the end of this process, which waits for nothing. */
  killNow(): void {
    this.#postmaster?.kill('SIGQUIT');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const postmaster = this.#postmaster;
    this.#postmaster = undefined;
    if (!postmaster || postmaster.exitCode !== null || postmaster.signalCode !== null) return;
    postmaster.kill(signal);
    await once(postmaster, 'close');
  }
}

function dataFolder(folder: string): string {
  return join(folder, 'data');
}

/** In the server's folder, so that a later process sees whose it is; without the locale and PG* of this process. */
function run(program: string, cwd: string, args: readonly string[]): ChildProcess {
  const { PATH = '' } = process.env;
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  return spawn(join(findBinaries(), program), args, {
    ...serverUser(),
    cwd,
    env: { PATH, LC_ALL: 'C' },
    stdio: [...stdio],
  });
}

function gather(child: ChildProcess): () => string {
  let text = '';
  const add = (part: Buffer): void => {
    text = (text + part.toString('utf8')).slice(-10_000);
  };
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  return () => text;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
