import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import { lazyService, type Service } from '../base/lifecycle.ts';
import type { Logger } from '../base/log.ts';
import { type Random, systemRandom } from '../base/random.ts';
import type { Config } from '../config/schema.ts';
import { type DeliveryPlan, planDelivery } from '../deliver/plan.ts';
import { Delivery, type LoadObjectStores } from '../deliver/service.ts';
import { CaptureService } from '../gather/capture/service.ts';
import { Changesets } from '../gather/changesets/service.ts';
import type { ForgeImplementations } from '../gather/forges/definitions.ts';
import type { CacheApi } from '../gather/repos/cache/api.ts';
import { CloneCacheService } from '../gather/repos/cache/service.ts';
import { cacheSettings } from '../gather/repos/cache/settings.ts';
import type { RunningChurn } from '../gather/repos/churn/handler.ts';
import { churnWorkers, scheduleChurnAfterBake, scheduleWantedChurn } from '../gather/repos/churn/service.ts';
import type { RunningSyncs } from '../gather/repos/sync/handler.ts';
import { type RepositoryWorkersContext, repositoryWorkers } from '../gather/repos/sync/workers.ts';
import { type BakeThreads, createBakeThreads } from '../gather/repos/threads/pool.ts';
import { type ScheduledRepository, Tracking } from '../gather/repos/tracking/service.ts';
import { makeDueNow } from '../gather/repos/tracking/track.ts';
import { Notifications } from '../insights/notifications/service.ts';
import type { LocalStore } from '../keep/local/local-store.ts';
import type { PeopleStore } from '../keep/store/people.ts';
import type { Questions } from '../keep/store/questions.ts';
import type { Store } from '../keep/store/store.ts';
import type { Repository, Run } from '../keep/store/types.ts';
import { coldBucketOpener } from './cold-bucket.ts';
import { createRunWaiters } from './run-waiters.ts';
import type { StationApi, Stores } from './station-api.ts';
import { changesetFigures } from './status/changeset-figures.ts';
import { Metrics } from './status/metrics.ts';
import { listRepositories, type RepositoryListFilter } from './status/repository-list.ts';
import { type ScheduleApi, scheduleApi } from './status/schedule.ts';
import { readStatus, runningBake, type StationStatus } from './status/status.ts';

export interface StationOptions {
  readonly loadObjectStores: LoadObjectStores;
  readonly config: Config;
  /** False where there is no configuration file: the repository that the station stands in is tracked then. */
  readonly configured: boolean;
  readonly version: string;
  readonly clock: Clock;
  readonly random?: Random;
  readonly log: Logger;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly openStores: (url: string) => Promise<Stores>;
  /** What belongs to this machine, in the configuration's database. */
  readonly local: LocalStore;
  readonly forges: ForgeImplementations;
}

/** A station, put together but not started: its parts go into a lifecycle, in this order. */
export interface Station extends StationApi {
  readonly services: readonly Service[];
  /**
   * Takes over another configuration; what has not changed goes on undisturbed. Throws `url_*` for a repository
   * that cannot be one, having changed nothing.
   */
  reconfigure(config: Config): Promise<void>;
  /** URLs of the repositories that the configuration lists. */
  tracked(): readonly string[];
}

/**
 * Puts a station together. The order of its parts is the order of starting, and the reverse of stopping:
 * locks, database, delivery, capture, clone cache, notifications, code hosts, bake threads, workers, schedule.
 */
export function createStation(options: StationOptions): Station {
  return new ComposedStation(options);
}

class ComposedStation implements Station {
  readonly services: readonly Service[];
  readonly deliveries: Delivery;
  readonly #cache: CloneCacheService;
  readonly cache: CacheApi;
  readonly tracking: Tracking;
  readonly notifications: Notifications;
  readonly changesets: Changesets;
  readonly metrics: Metrics;
  readonly captures: CaptureService;
  readonly schedule: ScheduleApi;
  readonly #options: StationOptions;
  readonly #startedMs: number;
  readonly #waiters;
  readonly #running: RunningSyncs = new Map();
  readonly #churning: RunningChurn = new Map();
  #config: Config;
  #opened: Stores | undefined;
  #threads: BakeThreads | undefined;
  #ready = false;

  constructor(options: StationOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#startedMs = options.clock.monotonicMs();
    this.#waiters = createRunWaiters(() => this.#store.runs, options.clock);
    const { local } = options;
    const { root, database } = options.config;
    this.deliveries = new Delivery({
      ...options,
      plan: () => this.#planDelivery(this.#config),
      openJournal: () => local.openJournal(),
      beforeSync: manual => this.captures.complete(manual),
    });
    const current = {
      random: systemRandom,
      ...options,
      config: () => this.#config,
      stores: () => this.#stores,
    };
    this.#cache = new CloneCacheService({ ...current, openBucket: coldBucketOpener(current) });
    this.cache = this.#cache.api;
    this.captures = new CaptureService({
      ...options,
      openCaptures: () => local.openCaptures(),
      receiver: this.deliveries,
      reclaimers: directory => [this.deliveries.completedFiles(), this.#cache.reclaimer(directory)],
    });
    this.changesets = new Changesets({
      ...current,
      onPush: async url => void (await this.tracking.syncAfterPush([url], 'webhook: push')),
      onEnd: ended => this.metrics.ended(ended),
    });
    // Owners are listed within the same budget of calls as changesets.
    this.tracking = new Tracking({ ...current, forgeOf: host => this.changesets.hosts.of(host) });
    this.notifications = new Notifications(current);
    this.metrics = new Metrics(
      () => this.status(),
      () => this.changesets.limiter.calls(),
    );
    this.schedule = scheduleApi(current.stores, options.clock);
    this.services = [
      local.createLock({ path: root, what: 'the root', lockPath: join(root, 'station.lock') }),
      local.createLock({ path: database, what: 'the database', lockPath: `${database}.lock` }),
      { name: 'database', start: () => this.#openStores(), stop: () => this.#closeStores() },
      this.deliveries,
      this.#cache,
      this.captures,
      this.notifications,
      this.changesets.hosts,
      lazyService('bake threads', () => this.#createThreads()),
      lazyService('repository workers', () => this.#createWorkers()),
      lazyService('churn workers', () => churnWorkers(this.#repositoryContext(), this.#churning)),
      this.changesets,
      { name: 'schedule', start: () => this.#startSchedule(), stop: async () => this.#notReady() },
    ];
  }

  get questions(): Questions {
    return this.#store.questions;
  }

  get people(): PeopleStore {
    return this.#store.people;
  }

  get #store(): Store {
    return this.#stores.store;
  }

  get #stores(): Stores {
    if (!this.#opened) throw new SluiceError('stopping', 'the station is not running');
    return this.#opened;
  }

  async requestBake(url: string, reason: string): Promise<Run> {
    const { clock } = this.#options;
    if (!this.#ready) throw new SluiceError('stopping', 'the station is starting or stopping');
    const address = await this.tracking.admitFromApi(url);
    const repository = await this.#store.repositories.ensure(address.url, address.host);
    const run = await this.#store.runs.request(repository.id, reason, clock.nowMs());
    await makeDueNow(repository, reason, { queue: this.#stores.queue, clock });
    return run;
  }

  waitForRun(id: number, signal: AbortSignal): Promise<Run> {
    return this.#waiters.wait(id, signal);
  }

  run(id: number): Promise<Run | undefined> {
    return this.#store.runs.byId(id);
  }

  recentRuns(limit: number): Promise<Run[]> {
    return this.#store.runs.recent(limit);
  }

  repositories(): Promise<Repository[]> {
    return this.#store.repositories.list();
  }

  listRepositories(filter: RepositoryListFilter): Promise<ScheduledRepository[]> {
    return listRepositories(this.#stores, filter);
  }

  checkStore(): Promise<void> {
    return this.#store.check();
  }

  repository(url: string): Promise<Repository> {
    return this.tracking.repository(url);
  }

  async status(): Promise<StationStatus> {
    const { version, clock } = this.#options;
    const { root, database, cache } = this.#config;
    const deliveries = this.deliveries.status();
    const uptimeS = Math.round((clock.monotonicMs() - this.#startedMs) / 1000);
    return readStatus({
      ...this.#stores,
      station: { version, uptimeS, mode: 'up', pid: process.pid, root, database },
      cache,
      config: this.#config,
      churning: this.#churning,
      baking: [...this.#running].map(([url, progress]) => runningBake(url, progress)),
      deliveries,
      links: deliveries.links,
      changesets: await changesetFigures(this.changesets),
      capture: await this.captures.status(),
    });
  }

  ready(): boolean {
    return this.#ready;
  }

  tracked(): readonly string[] {
    return this.tracking.configuredUrls();
  }

  async reconfigure(config: Config): Promise<void> {
    const wanted = this.tracking.configuredRepositories(config);
    cacheSettings(config, this.#options.cwd);
    const before = this.#config;
    await this.changesets.check(config);
    this.#config = config;
    // Owners are listed at its hosts.
    await this.changesets.reconfigure(before);
    await this.tracking.trackConfigured(wanted);
    await scheduleWantedChurn(this.#repositoryContext());
    await this.deliveries.reconfigure(await this.#planDelivery(config));
    await this.captures.reconfigure(config);
  }

  #planDelivery(config: Config): Promise<DeliveryPlan> {
    return planDelivery(config, this.#options.env, this.#options.log);
  }

  async #openStores(): Promise<void> {
    const { database } = this.#config;
    await mkdir(dirname(database), { recursive: true });
    this.#opened = await this.#options.openStores(database);
  }

  async #closeStores(): Promise<void> {
    await this.#opened?.close();
    this.#opened = undefined;
  }

  #createThreads(): BakeThreads {
    this.#threads = createBakeThreads({ databasePath: this.#config.database }, this.#config.bake.threads);
    return this.#threads;
  }

  #createWorkers(): Service {
    const context = this.#repositoryContext();
    return repositoryWorkers(
      context,
      {
        running: this.#running,
        onEnd: () => this.#waiters.wake(),
        onSynced: async ({ repository, failure }) => {
          await this.notifications.raiseAfterSync(
            repository,
            failure && { message: failure.error.message, inARow: failure.inARow },
          );
        },
        onBaked: repository => scheduleChurnAfterBake(repository, context),
      },
      this.tracking.ownerHandler(),
      ended => this.metrics.ended(ended),
    );
  }

  #repositoryContext(): RepositoryWorkersContext {
    const { clock, log, random } = this.#options;
    const threads = this.#threads;
    if (!threads) throw new SluiceError('internal', 'bake threads must start before the workers');
    const { store, queue } = this.#stores;
    return {
      config: () => this.#config,
      store,
      queue,
      cache: this.#cache.cache,
      threads,
      clock,
      log,
      random,
    };
  }

  async #startSchedule(): Promise<void> {
    await this.tracking.start();
    this.#ready = true;
  }

  async #notReady(): Promise<void> {
    this.#ready = false;
  }
}
