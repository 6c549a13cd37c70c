import { createHmac, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import type { Logger } from '../../src/base/log.ts';
import { silentLogger } from '../../src/base/log.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { Config } from '../../src/config/schema.ts';
import { complete } from '../../src/config/schema.ts';
import type { EndedWork } from '../../src/engine/queue/handler.ts';
import { SqliteWorkQueue } from '../../src/engine/queue/sqlite/sqlite-work-queue.ts';
import { Changesets, type ChangesetsOptions } from '../../src/gather/changesets/service.ts';
import type { ForgeImplementations } from '../../src/gather/forges/definitions.ts';
import { githubDefinition } from '../../src/gather/forges/github/definition.ts';
import { GithubForge } from '../../src/gather/forges/github/github.ts';
import type { ForgeWebhooks } from '../../src/gather/forges/webhook.ts';
import { openStore } from '../../src/keep/sqlite/open-store.ts';
import { schema } from './config.ts';
import { startGithub } from './forge/github.ts';
import type { ModelChangeset } from './forge/model.ts';
import type { ForgeStandIn } from './forge/server.ts';
import { tempDirectory } from './temp-directory.ts';
import { VirtualClock } from './virtual-clock.ts';

const PATIENCE_MS = 20_000;

/** A webhook of a made-up form: JSON of what it says, and an HMAC of it. */
export interface TestDelivery {
  readonly id: string;
  readonly repository: string;
  readonly number?: number;
  readonly atMs?: number;
  readonly event?: string;
  readonly push?: string;
  readonly commit?: string;
  readonly branches?: readonly { readonly name: string; readonly repository?: string }[];
}

export function signed(delivery: TestDelivery, secret = 'shh') {
  const rawBody = Buffer.from(JSON.stringify(delivery));
  return { headers: { 'x-signature': signature(rawBody, secret) }, rawBody };
}

function signature(rawBody: Buffer, secret: string): string {
  return createHmac('sha256', secret).update(rawBody).digest('hex');
}

function testWebhooks(): ForgeWebhooks {
  return {
    mayVerify: headers => headers['x-signature'] !== undefined,
    verify(headers, rawBody, secret) {
      const given = Buffer.from(String(headers['x-signature'] ?? ''));
      const right = Buffer.from(signature(rawBody, secret));
      return given.length === right.length && timingSafeEqual(given, right);
    },
    parse(_headers, rawBody, host) {
      let delivery: TestDelivery;
      try {
        delivery = JSON.parse(rawBody.toString());
      } catch (error) {
        throw new SluiceError('body_invalid', 'the body is not JSON', { cause: error });
      }
      const { id: deliveryId, repository, number, atMs, push, event = 'pull_request' } = delivery;
      const gitRef = 'refs/heads/main';
      if (push !== undefined)
        return { kind: 'push', deliveryId, event, repository, repositoryUrls: [push], gitRef, atMs };
      if (delivery.commit !== undefined) {
        const branches = (delivery.branches ?? []).map(({ name, repository: of }) => ({
          name,
          repository: of,
        }));
        return { kind: 'commit', deliveryId, event, repository, commit: delivery.commit, branches, atMs };
      }
      if (number === undefined) return { kind: 'unknown', deliveryId, event };
      const nothing = { state: undefined, title: undefined, url: undefined, repositoryUrl: undefined };
      const ref = { host, repository, number };
      return {
        kind: 'changeset',
        deliveryId,
        event,
        ref,
        alsoConcerns: [],
        action: 'edited',
        atMs,
        ...nothing,
      };
    },
  };
}

export const testForges: ForgeImplementations = {
  open: (settings, { budget }) => new GithubForge(settings, { budget }, githubDefinition.batchSize),
  webhooksOf: testWebhooks,
};

export interface TestChangesets {
  readonly changesets: Changesets;
  readonly standIn: ForgeStandIn;
  readonly clock: VirtualClock;
  readonly queue: SqliteWorkQueue;
  readonly store: Awaited<ReturnType<typeof openStore>>;
  readonly host: string;
  readonly ended: readonly EndedWork[];
  /** Warnings and errors that were logged. */
  readonly warnings: readonly string[];
  readonly pushed: readonly string[];
  /** What a process that comes after this one works with: the same database, and nothing in memory. Not started. */
  successor(): Changesets;
  /** Takes over another configuration. */
  configure(change: ConfigChange): Promise<void>;
  /** Resolves once the condition holds; it is asked after each piece of work and now and then. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>;
  urlOf(repository: string, number: number): string;
  /** API calls that reached the host. */
  calls(): number;
}

export interface ConfigChange {
  readonly host?: Readonly<Record<string, unknown>>;
  readonly changesets?: Readonly<Record<string, unknown>>;
  readonly schedule?: Readonly<Record<string, unknown>>;
}

/** Changesets as a station runs them, against a stand-in for GitHub, on a virtual clock. Not started. */
export async function testChangesets(
  t: TestContext,
  { tokens = ['good'], limit = 5000, ...first }: { tokens?: string[]; limit?: number } & ConfigChange = {},
): Promise<TestChangesets> {
  const clock = new VirtualClock(Date.now());
  const standIn = await startGithub(t, { tokens, limit });
  const { host } = standIn;
  const path = join(await tempDirectory(t), 'sluice.db');
  const { systemClock } = await import('../../src/base/clock.ts');
  const store = await openStore(path, { clock: systemClock });
  const queue = new SqliteWorkQueue({ database: store.database, clock, isWorkerGone: () => false });
  const configOf = (change: ConfigChange): Config =>
    complete(
      schema.parse({
        root: '/nowhere',
        database: path,
        hosts: {
          [host]: {
            kind: 'github',
            baseUrl: standIn.origin,
            token: 'good',
            webhookSecret: 'shh',
            ...change.host,
          },
        },
        changesets: { ...change.changesets },
        schedule: { ...change.schedule },
      }),
    );
  let config = configOf(first);
  const ended: EndedWork[] = [];
  const warnings: string[] = [];
  const pushed: string[] = [];
  let askAgain: () => void = () => undefined;
  const options: ChangesetsOptions = {
    forges: testForges,
    clock,
    random: seededRandom(1),
    log: noting(warnings),
    config: () => config,
    stores: () => ({ store, queue }),
    onPush: async ([url = '']) => void pushed.push(url),
    onEnd: one => {
      ended.push(one);
      askAgain();
    },
  };
  const opened: Changesets[] = [];
  const open = (): Changesets => {
    const one = new Changesets(options);
    opened.push(one);
    return one;
  };
  const changesets = open();
  t.after(async () => {
    for (const one of opened) {
      await one.stop();
      await one.hosts.stop();
    }
    await store.close();
  });
  return {
    changesets,
    standIn,
    clock,
    queue,
    store,
    host,
    ended,
    warnings,
    pushed,
    successor: open,
    async configure(change) {
      const before = config;
      config = configOf(change);
      await changesets.reconfigure(before);
    },
    async until(condition) {
      const deadline = performance.now() + PATIENCE_MS;
      while (!(await condition())) {
        if (performance.now() > deadline) throw new Error('waited long enough');
        await new Promise<void>(resolve => {
          const timer = setTimeout(resolve, 5);
          askAgain = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    urlOf: (repository, number) => `${standIn.origin}/${repository}/pull/${number}`,
    calls: () => standIn.log.length,
  };
}

export const HOUR_MS = 3_600_000;

/** The repository of `followMany`, as a configuration follows it. */
export const followingMany = ({ standIn }: TestChangesets): ConfigChange => ({
  changesets: { follow: [{ repository: `${standIn.origin}/acme/many` }] },
});

/** How many open changesets have been synced. */
export async function syncedCount({ changesets }: TestChangesets): Promise<number> {
  const totals = await changesets.totals();
  return totals.reduce((sum, each) => sum + (each.state === 'open' ? each.changesets : 0), 0);
}

/** Starts with a repository of so many open changesets that the configuration follows; all of them get synced. */
export async function followMany(
  station: TestChangesets,
  count: number,
  change: ConfigChange = {},
): Promise<void> {
  const { standIn, clock, changesets, until } = station;
  const repository = standIn.model.addRepository('acme/many');
  for (let index = 0; index < count; index += 1) {
    const createdAtMs = clock.nowMs() - HOUR_MS - index * 1000;
    standIn.model.addChangeset(repository, { createdAtMs, updatedAtMs: createdAtMs });
  }
  await changesets.start();
  await station.configure({ ...followingMany(station), ...change });
  await until(async () => (await syncedCount(station)) === count);
}

/** Starts with one changeset that is tracked by its address; one sync of it ends. */
export async function trackOne(station: TestChangesets, values: Partial<ModelChangeset> = {}) {
  const { standIn, changesets, until, ended, urlOf } = station;
  const changeset = standIn.model.addChangeset(standIn.model.addRepository('acme/one'), values);
  await changesets.start();
  const url = urlOf('acme/one', 1);
  await changesets.track(url);
  await until(() => ended.length === 1);
  return { changeset, url };
}

function noting(warnings: string[]): Logger {
  const note = (_about: unknown, message?: string): void => void warnings.push(message ?? '');
  return { ...silentLogger, warn: note, error: note, child: () => noting(warnings) } as unknown as Logger;
}
