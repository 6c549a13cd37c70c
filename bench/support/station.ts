import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

const MAIN = resolve(import.meta.dirname, '../../bin/sluice.js');
const POLL_MS = 10;

export interface StationOptions {
  /** A folder of its own: station, database, configuration and log are put there. */
  readonly folder: string;
  readonly server: {
    readonly endpoint: string;
    readonly region: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
  /** Lines of the configuration's `deliver` section. */
  readonly deliver?: readonly string[];
}

/** A station as a user runs it, `sluice up`, with one profile called `cloud`. */
export interface BenchStation {
  readonly pid: number;
  readonly root: string;
  readonly url: string;
  /** Records in `completed` by now, as the database says. */
  completed(): number;
  /** Resolves when so many are completed; throws when the station ends, a file fails, or it takes longer. */
  untilCompleted(files: number, patienceMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a station and waits for its greeting. */
export async function startStation({ folder, server, deliver = [] }: StationOptions): Promise<BenchStation> {
  mkdirSync(folder, { recursive: true });
  const root = join(folder, 'station');
  const database = join(folder, 'sluice.db');
  const logPath = join(folder, 'station.log');
  const credentials = join(folder, 'credentials');
  const config = join(folder, 'sluice.yaml');
  writeFileSync(
    credentials,
    `[cloud]\nprovider = s3\naws_access_key_id = ${server.accessKeyId}\naws_secret_access_key = ${server.secretAccessKey}\n` +
      `aws_region = ${server.region}\naws_endpoint = ${server.endpoint}\n`,
  );
  writeFileSync(
    config,
    [
      'deliver:',
      `  onlyCredentials: ${JSON.stringify(credentials)}`,
      ...deliver.map(line => `  ${line}`),
      '',
    ].join('\n'),
  );
  const log = openSync(logPath, 'w');
  const args = ['--config', config, '--root', root, '--database', database, 'up', '--port', '0'];
  // Flags such as --cpu-prof hold for the station, too.
  const child = spawn(process.execPath, [...process.execArgv, MAIN, ...args], {
    cwd: folder,
    env: { ...process.env, HOME: folder },
    stdio: ['ignore', 'pipe', log],
  });
  closeSync(log);
  const url = await greetingOf(child).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw new Error(`${String(error)}\n${readFileSync(logPath, 'utf8').slice(-2000)}`);
  });
  const reader = new DatabaseSync(database, { readOnly: true, timeout: 5000 });
  const statement = reader.prepare('SELECT count(*) AS n FROM file_records WHERE current_state = ?');
  return {
    pid: child.pid ?? 0,
    root,
    url,
    completed: () => countOf(statement, 'completed'),
    async untilCompleted(files, patienceMs) {
      const deadlineMs = performance.now() + patienceMs;
      while (countOf(statement, 'completed') < files) {
        const failed = countOf(statement, 'failed');
        if (child.exitCode !== null || failed > 0 || performance.now() > deadlineMs)
          throw new Error(
            `${failed} failed, waited for ${files}\n${readFileSync(logPath, 'utf8').slice(-2000)}`,
          );
        await new Promise(wake => setTimeout(wake, POLL_MS));
      }
    },
    async stop() {
      reader.close();
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function countOf(statement: StatementSync, state: string): number {
  return Number(statement.get(state)?.n);
}

function greetingOf(child: ChildProcess): Promise<string> {
  return new Promise((found, reject) => {
    let greeting = '';
    // Read to the end: what it prints later must not fill the pipe.
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      greeting = (greeting + text).slice(0, 10_000);
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(greeting)?.[0];
      if (url !== undefined) found(url);
    });
    child.once('exit', code => reject(new Error(`the station did not come up, it ended with ${code}`)));
  });
}
