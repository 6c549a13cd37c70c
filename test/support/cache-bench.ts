import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { SluiceError } from '../../src/base/errors.ts';
import { type Logger, silentLogger } from '../../src/base/log.ts';
import type { Config } from '../../src/config/schema.ts';
import { SqliteWorkQueue } from '../../src/engine/queue/sqlite/sqlite-work-queue.ts';
import { isWorkerGone } from '../../src/engine/queue/worker-id.ts';
import type { BakeSummary } from '../../src/gather/repos/bake/bake.ts';
import { CloneCache } from '../../src/gather/repos/cache/clone-cache.ts';
import type { CacheSettings } from '../../src/gather/repos/cache/settings.ts';
import { bakeStandalone } from '../../src/gather/repos/sync/standalone.ts';
import type { ObjectStore } from '../../src/keep/buckets/bucket.ts';
import type { CloneRecord } from '../../src/keep/local/clone-records.ts';
import { createCloneRecords } from '../../src/keep/sqlite/local/clone-records.ts';
import { openStore, type SqliteStore } from '../../src/keep/sqlite/open-store.ts';
import { loadConfig } from './config.ts';
import { TestRepository, temporaryDirectory } from './git-repositories.ts';
import { addCommits } from './sluice.ts';

/** A cache on a database and a folder of the test's own, and repositories to fill it with. */
export class CacheBench {
  readonly base: string;
  readonly directory: string;
  readonly warnings: string[] = [];
  settings: CacheSettings;
  /** What the disk is said to have free. */
  freeBytes = 2 ** 40;
  store!: SqliteStore;
  queue!: SqliteWorkQueue;
  cache!: CloneCache;
  /** Aborted at the end, for what a failed test left at work. */
  readonly ended = new AbortController();
  #config!: Config;
  readonly #openBucket: (profile: string) => Promise<ObjectStore>;

  private constructor(t: TestContext, openBucket: (profile: string) => Promise<ObjectStore>) {
    this.base = temporaryDirectory(t);
    this.directory = join(this.base, 'cache');
    mkdirSync(this.directory);
    this.#openBucket = openBucket;
    this.settings = {
      directory: this.directory,
      minFreeBytes: 0,
      maxBytes: undefined,
      neverEvict: new Set(),
      coldStorage: undefined,
      coldStorageUnavailable: 'evict',
    };
  }

  static async open(
    t: TestContext,
    openBucket: (profile: string) => Promise<ObjectStore> = async name => {
      throw new SluiceError('destination_invalid', `there is no profile ${name}`);
    },
  ): Promise<CacheBench> {
    const bench = new CacheBench(t, openBucket);
    bench.#config = (await loadConfig({ env: {}, cwd: bench.base, overrides: { root: bench.base } })).config;
    await bench.start('sluice.db');
    t.after(async () => {
      bench.ended.abort(new SluiceError('cancelled', 'the test is over'));
      await bench.stop();
    });
    return bench;
  }

  /** Opens database and cache, as a new process does. */
  async start(database: string): Promise<void> {
    this.store = await openStore(join(this.base, database), { clock: systemClock });
    this.queue = new SqliteWorkQueue({ database: this.store.database, clock: systemClock, isWorkerGone });
    this.cache = new CloneCache({
      clones: this.records,
      queue: this.queue,
      clock: systemClock,
      log: this.#logger(),
      settings: () => this.settings,
      openBucket: this.#openBucket,
      freeBytes: async () => this.freeBytes,
    });
  }

  async stop(): Promise<void> {
    await this.cache.close();
    await this.store.close();
  }

  get records() {
    return createCloneRecords(this.store.database);
  }

  /** A repository whose clone takes some 40 KiB for each thousand commits. */
  repository(name: string, commits = 200): TestRepository {
    const repository = new TestRepository(join(this.base, `${name}.git`));
    addCommits(repository, commits);
    return repository;
  }

  bake(url: string, signal: AbortSignal = new AbortController().signal): Promise<BakeSummary> {
    return bakeStandalone(url, {
      config: () => this.#config,
      store: this.store,
      queue: this.queue,
      cache: this.cache,
      clock: systemClock,
      log: silentLogger,
      signal,
      onProgress: () => undefined,
    });
  }

  /** Names (without `.git`) of the repositories whose clones are on disk by the records, in the order of last use. */
  async onDisk(): Promise<string[]> {
    const records = await this.records.list();
    return records.filter(({ onDisk }) => onDisk).map(({ url }) => url.replace(/^.*\/|\.git$/g, ''));
  }

  async record(repository: TestRepository): Promise<CloneRecord> {
    const record = await this.records.byUrl(repository.path);
    if (!record) throw new Error(`no record of ${repository.path}`);
    return record;
  }

  /** Folders in the cache, half-made ones included. */
  folders(): string[] {
    return readdirSync(this.directory).sort();
  }

  #logger(): Logger {
    const warn = (facts: object | string, message?: string): void =>
      void this.warnings.push(message ?? String(facts));
    return { ...silentLogger, warn, error: warn };
  }
}
