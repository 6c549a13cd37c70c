import type { Clock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import { lazyService, type Service } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import type { FaultBoard } from '../../base/ongoing-faults.ts';
import type { Random } from '../../base/random.ts';
import type { Config } from '../../config/schema.ts';
import type { EndedWork } from '../../engine/queue/handler.ts';
import type { WorkQueue } from '../../engine/queue/work-queue.ts';
import type { Workers } from '../../engine/workers.ts';
import type { ObjectStore } from '../../keep/buckets/bucket.ts';
import type { CloneRecords } from '../../keep/local/clone-records.ts';
import type { Pause } from '../../keep/local/pauses.ts';
import type { Store } from '../../keep/store/store.ts';
import type { Repository, Run } from '../../keep/store/types.ts';
import type { Forge } from '../forges/forge.ts';
import { forgottenClones } from './cache/forgotten.ts';
import { CloneCacheService } from './cache/service.ts';
import { cacheSettings } from './cache/settings.ts';
import type { RunningChurn } from './churn/handler.ts';
import { churnWorkers, scheduleChurnAfterBake, scheduleWantedChurn } from './churn/service.ts';
import { followMailmapFile } from './history/mailmap-watch.ts';
import type { RunningSyncs, SyncedRepository } from './sync/handler.ts';
import { createRunWaiters, type RunWaiters } from './sync/run-waiters.ts';
import { type RepositoryWorkersContext, repositoryWorkers } from './sync/workers.ts';
import { type BakeThreads, createBakeThreads } from './threads/pool.ts';
import { forgetRepository } from './tracking/forget.ts';
import { Tracking } from './tracking/service.ts';
import { makeDueNow } from './tracking/track.ts';

/** What repositories are made of, and who hears of their work. */
export interface RepositoriesOptions {
  /** As it is now: it may change between two pieces of work. */
  readonly config: () => Config;
  /** False where there is no configuration file: the repository that the station stands in is tracked then. */
  readonly configured: boolean;
  /** Where relative paths start. */
  readonly cwd: string;
  /** Throws `stopping` while they are not open. */
  readonly stores: () => {
    readonly store: Store;
    readonly queue: WorkQueue;
    readonly clones: CloneRecords;
  };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly faults?: FaultBoard;
  /** What somebody paused, as it is now. */
  readonly pauses?: () => readonly Pause[];
  /** The code host of that name. Throws `url_invalid` where it is none that is known. */
  readonly forgeOf: (host: string) => Forge;
  /** Opens the object store of a profile, for cold storage. */
  readonly openBucket: (profile: string) => Promise<ObjectStore>;
  /** Called after each sync of a tracked repository, after failed ones with how many there were in a row. May throw. */
  readonly onSynced: (synced: SyncedRepository) => Promise<void>;
  /** Called with how many new commits a bake has read. */
  readonly onCommits?: (count: number) => void;
  /** Called with every piece of work that is over, for metrics. */
  readonly onWorkEnd: (ended: EndedWork) => void;
}

/**
 * Repositories as a station keeps them: tracked, synced and baked in threads, the churn of their commits read beside,
 * their clones in the cache. The station starts `cache`, `workers` and `schedule` in this order, with what these need
 * of others in between, and stops them in the reverse.
 */
export class Repositories {
  readonly cache: CloneCacheService;
  readonly tracking: Tracking;
  readonly workers: readonly Service[];
  /** Puts on the schedule what is tracked; bakes are taken on from then on until it stops. */
  readonly schedule: Service;
  /** What is synced and whose churn is read now, for status. */
  readonly running: { readonly syncs: RunningSyncs; readonly churn: RunningChurn } = {
    syncs: new Map(),
    churn: new Map(),
  };
  readonly #options: RepositoriesOptions;
  readonly #runWaiters: RunWaiters;
  #threads: BakeThreads | undefined;
  #workers: Workers | undefined;
  #isScheduling = false;

  constructor(options: RepositoriesOptions) {
    this.#options = options;
    this.cache = new CloneCacheService(options);
    this.tracking = new Tracking(options);
    this.#runWaiters = createRunWaiters(() => this.#store.runs, options.clock);
    this.workers = [
      lazyService('bake threads', () => this.#createThreads()),
      lazyService('repository workers', () => this.#createWorkers()),
      lazyService('churn workers', () => churnWorkers(this.#context, this.running.churn)),
      lazyService('mailmap', () => followMailmapFile({ ...this.#context, faults: options.faults })),
      lazyService('forgotten clones', () => this.#createUpkeep()),
    ];
    this.schedule = {
      name: 'schedule',
      start: async () => {
        await this.tracking.start();
        this.#isScheduling = true;
      },
      stop: async () => {
        this.#isScheduling = false;
      },
    };
  }

  /** True from the end of the schedule's start to the beginning of its stop. */
  get isScheduling(): boolean {
    return this.#isScheduling;
  }

  /**
   * Asks for a bake of a repository, first in line. A run that waits already is answered again.
   * @throws SluiceError `url_*` for what is not allowed from the API, `paused` where its host is, `stopping` while
   * nothing is scheduled
   */
  async requestBake(url: string, reason: string): Promise<Run> {
    if (!this.#isScheduling) throw new SluiceError('stopping', 'the station is starting or stopping');
    const { stores, clock } = this.#options;
    const { host, url: address } = await this.tracking.admitFromApi(url);
    if (this.#isPaused(host)) throw new SluiceError('paused', `${host} is paused`);
    const { store, queue } = stores();
    const repository = await store.repositories.ensure(address, host);
    const run = await store.runs.request(repository.id, reason, clock.nowMs());
    await makeDueNow(repository, reason, { queue, clock });
    return run;
  }

  /**
   * Takes a repository out as if it had never been named: from tracking and schedule, its clone, its history.
   * @throws SluiceError `not_found`, `usage` for one that the configuration goes on naming, `clone_in_use` while somebody
   * works in it, `stopping`
   */
  async forget(url: string, signal: AbortSignal): Promise<void> {
    await forgetRepository(await this.tracking.repository(url), { ...this.#context, signal });
  }

  /** Resolves with the run once it has ended. Rejects with the signal's reason. */
  waitForRun(id: number, signal: AbortSignal): Promise<Run> {
    return this.#runWaiters.wait(id, signal);
  }

  run(id: number): Promise<Run | undefined> {
    return this.#store.runs.byId(id);
  }

  /** Latest first. */
  recentRuns(limit: number, beforeId?: number): Promise<Run[]> {
    return this.#store.runs.recent(limit, beforeId);
  }

  list(): Promise<Repository[]> {
    return this.#store.repositories.list();
  }

  /** The repository that a URL means, however it is written. Throws `url_invalid`, `not_found`. */
  find(url: string): Promise<Repository> {
    return this.tracking.repository(url);
  }

  /** Throws `url_*`, `config_invalid` for a configuration that cannot be; changes nothing. */
  check(config: Config): void {
    this.tracking.configuredRepositories(config);
    cacheSettings(config, this.#options.cwd);
  }

  /** Takes over what the configuration now says; what has not changed goes on undisturbed. */
  async reconfigure(): Promise<void> {
    await this.tracking.trackConfigured(this.tracking.configuredRepositories(this.#options.config()));
    await this.tracking.followRhythm();
    await scheduleWantedChurn(this.#context);
  }

  /** What `pauses` answers has changed. */
  pausesChanged(): void {
    this.#workers?.wake();
  }

  get #store(): Store {
    return this.#options.stores().store;
  }

  get #context(): RepositoryWorkersContext {
    if (!this.#threads) throw new SluiceError('internal', 'bake threads must start before the workers');
    const { config, stores, clock, log, random } = this.#options;
    const { store, queue } = stores();
    const { cache } = this.cache;
    const isPaused = (host: string): boolean => this.#isPaused(host);
    return { config, store, queue, cache, threads: this.#threads, clock, log, random, isPaused };
  }

  #isPaused(host: string): boolean {
    return (this.#options.pauses?.() ?? []).some(({ kind, name }) => kind === 'host' && name === host);
  }

  #createThreads(): BakeThreads {
    const { database, store = database, bake } = this.#options.config();
    this.#threads = createBakeThreads({ storeUrl: store }, bake.threads);
    return this.#threads;
  }

  /** A station alone removes a clone as it forgets its repository. */
  #createUpkeep(): Service {
    const { config } = this.#options;
    return config().store === undefined
      ? { name: 'forgotten clones', start: async () => undefined, stop: async () => undefined }
      : forgottenClones(this.#context);
  }

  #createWorkers(): Service {
    const context = this.#context;
    this.#workers = repositoryWorkers(
      context,
      {
        running: this.running.syncs,
        onSynced: this.#options.onSynced,
        onBaked: (repository, newCommits) => {
          this.#options.onCommits?.(newCommits);
          return scheduleChurnAfterBake(repository, context);
        },
      },
      this.tracking.ownerHandler(),
      ended => {
        this.#runWaiters.wake();
        this.#options.onWorkEnd(ended);
      },
    );
    return this.#workers;
  }
}
