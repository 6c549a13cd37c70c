import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { startUp } from './up.ts';

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
  /** `bin/sluice.js` of another checkout or build. */
  readonly main?: string;
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
export async function startStation({
  folder,
  server,
  deliver = [],
  main,
}: StationOptions): Promise<BenchStation> {
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
  const station = await startUp(['--config', config, '--root', root, '--database', database], {
    cwd: folder,
    env: { HOME: folder },
    // Flags such as --cpu-prof hold for the station, too.
    flags: process.execArgv,
    stderr: log,
    main,
  })
    .catch((error: unknown) => {
      throw new Error(`${String(error)}\n${readFileSync(logPath, 'utf8').slice(-2000)}`);
    })
    .finally(() => closeSync(log));
  const reader = new DatabaseSync(database, { readOnly: true, timeout: 5000 });
  const statement = reader.prepare('SELECT count(*) AS n FROM file_records WHERE current_state = ?');
  return {
    pid: station.pid,
    root,
    url: station.url,
    completed: () => countOf(statement, 'completed'),
    async untilCompleted(files, patienceMs) {
      const deadlineMs = performance.now() + patienceMs;
      while (countOf(statement, 'completed') < files) {
        const failed = countOf(statement, 'failed');
        if (station.exitCode() !== null || failed > 0 || performance.now() > deadlineMs)
          throw new Error(
            `${failed} failed, waited for ${files}\n${readFileSync(logPath, 'utf8').slice(-2000)}`,
          );
        await new Promise(wake => setTimeout(wake, POLL_MS));
      }
    },
    async stop() {
      reader.close();
      await station.stop();
    },
  };
}

function countOf(statement: StatementSync, state: string): number {
  return Number(statement.get(state)?.n);
}
