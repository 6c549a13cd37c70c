import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import pg from 'pg';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { PostgresDatabase, type PostgresOptions } from '../../../src/keep/postgres/database.ts';
import { makeDirectory } from '../left-behind.ts';
import { type PostgresPlace, PostgresServer } from './server.ts';
import { sharedServer } from './shared-server.ts';

/** Addresses in the tests' server of a schema that nobody else has; it goes with the server. */
export interface TestAddress {
  /** Through the socket. */
  readonly url: string;
  /** Over TCP with a password, on whose port a proxy can stand in. */
  tcpUrl(port?: number): string;
  readonly schema: string;
  readonly place: PostgresPlace;
}

/** A schema of a test's own, which is not made yet, in the server that all test files share. */
export async function testAddress(): Promise<TestAddress> {
  return addressIn(await sharedServer());
}

export function addressIn(place: PostgresPlace): TestAddress {
  const { port, socketFolder, password } = place;
  const schema = `test_${randomBytes(6).toString('hex')}`;
  return {
    place,
    schema,
    url: `postgres://sluice@/postgres?host=${encodeURIComponent(socketFolder)}&port=${port}&schema=${schema}`,
    tcpUrl: (otherPort = port) =>
      `postgres://sluice:${password}@127.0.0.1:${otherPort}/postgres?schema=${schema}`,
  };
}

/** An open database with a schema of its own, closed after the test. Its connections take nothing from PG*. */
export async function testDatabase(
  t: Pick<TestContext, 'after'>,
  options: Partial<PostgresOptions> & { readonly clock?: Clock } = {},
): Promise<PostgresDatabase> {
  const url = options.url ?? (await testAddress()).url;
  const database = await PostgresDatabase.open({ clock: systemClock, env: {}, ...options, url });
  t.after(() => database.close());
  return database;
}

/** A server of a test's own, to be stopped and killed; gone after the test. */
export async function ownServer(
  t: Pick<TestContext, 'after'>,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const { path, remove } = makeDirectory('sluice-postgres-own');
  const server = await PostgresServer.make(path, settings);
  t.after(async () => {
    await server.kill();
    remove();
  });
  await server.start();
  return server;
}

/** A connection beside the one that is tested; it goes with its server. */
export async function ownerOf({ socketFolder, port }: PostgresPlace): Promise<pg.Client> {
  const owner = new pg.Client({ host: socketFolder, port, user: 'sluice', database: 'postgres' });
  await owner.connect();
  owner.on('error', () => undefined);
  return owner;
}
