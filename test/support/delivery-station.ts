import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type S3ServerOptions, type S3TestServer, startS3Server } from './s3-server/server.ts';
import {
  type Ended,
  type RunningStation,
  rows,
  sluice,
  standingPlace,
  startStation,
  until,
} from './sluice.ts';

/** A user's folder with a credentials file for an S3 server of the test, where commands and stations run. */
export interface DeliveryPlace {
  readonly cwd: string;
  readonly server: S3TestServer;
  /** Options that name the credentials file. */
  readonly args: readonly string[];
  run(...args: readonly string[]): Promise<Ended>;
  up(yaml?: string): Promise<RunningStation>;
  /** Writes a file of the user's below the folder. */
  write(path: string, content: string | Buffer): string;
  /** Drops a file as a program does that writes it in place. */
  drop(path: string, content: string | Buffer): string;
  records(where?: string): readonly Record<string, unknown>[];
}

/** The profile `store` of provider `s3` for a test server. */
export function credentialsFor(server: Pick<S3TestServer, 'endpoint' | 'region' | 'credential'>): string {
  const { accessKeyId, secretAccessKey } = server.credential;
  return `[store]
provider = s3
aws_access_key_id = ${accessKeyId}
aws_secret_access_key = ${secretAccessKey}
region = ${server.region}
endpoint_url = ${server.endpoint}
`;
}

export async function deliveryPlace(t: TestContext, options: S3ServerOptions = {}): Promise<DeliveryPlace> {
  const cwd = standingPlace(t);
  const server = await startS3Server(options);
  t.after(() => server.stop());
  const path = join(cwd, 'credentials');
  writeFileSync(path, credentialsFor(server));
  const args = ['--only-credentials', path];
  const write = (name: string, content: string | Buffer): string => {
    const file = join(cwd, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  };
  return {
    cwd,
    server,
    args,
    write,
    run: (...command) => sluice(t, [...command, ...args], { cwd }),
    up: yaml => startStation(t, { cwd, args, yaml }),
    drop: (name, content) => write(join('station/incoming/store/bucket', name), content),
    records: (where = '1') => rows(join(cwd, 'sluice.db'), `SELECT * FROM file_records WHERE ${where}`),
  };
}

/** Resolves when so many records are completed. */
export function isCompleted(place: DeliveryPlace, count: number): Promise<boolean> {
  return until(`${count} are completed`, () => place.records("current_state = 'completed'").length === count);
}

/** Each line of a command's output as JSON. */
export function jsonLines<T = Record<string, unknown>>({ stdout }: Pick<Ended, 'stdout'>): T[] {
  const lines = stdout.split('\n').filter(line => line !== '');
  return lines.map(line => JSON.parse(line) as T);
}

/** Bytes of the database with its journal, as they lie on the disk. */
export function databaseBytes(cwd: string): Buffer {
  const read = (suffix: string): Buffer => {
    try {
      return readFileSync(join(cwd, `sluice.db${suffix}`));
    } catch {
      return Buffer.alloc(0);
    }
  };
  return Buffer.concat(['', '-wal'].map(read));
}
