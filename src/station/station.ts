import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Answer } from '../api/operations.ts';
import type { Clock } from '../base/clock.ts';
import { asSluiceError, SluiceError } from '../base/errors.ts';
import { makeFolder } from '../base/files/make-folder.ts';
import type { Service } from '../base/lifecycle.ts';
import { type Logger, quietAbout, silentLogger } from '../base/log.ts';
import { type FaultBoard, OngoingFaults } from '../base/ongoing-faults.ts';
import { type Random, systemRandom } from '../base/random.ts';
import type { Config } from '../config/schema.ts';
import { CredentialsWatch } from '../deliver/credentials-watch.ts';
import { type DeliveryPlan, planDelivery } from '../deliver/plan.ts';
import { Delivery, type LoadObjectStores } from '../deliver/service.ts';
import { deliveryTimes } from '../deliver/statistics.ts';
import type { ExportSource } from '../export/tables.ts';
import { CaptureService } from '../gather/capture/service.ts';
import { CHANGESET_KIND } from '../gather/changesets/schedule.ts';
import { Changesets } from '../gather/changesets/service.ts';
import type { ForgeImplementations } from '../gather/forges/definitions.ts';
import type { CacheApi } from '../gather/repos/cache/api.ts';
import { Repositories } from '../gather/repos/service.ts';
import type { Tracking } from '../gather/repos/tracking/service.ts';
import { Notifications } from '../insights/notifications/service.ts';
import { findProfiles, pathsOfProfiles } from '../keep/buckets/profiles.ts';
import { inOrderOfGivingWay } from '../keep/disk/plan.ts';
import type { LocalStore } from '../keep/local/local-store.ts';
import type { PeopleStore } from '../keep/store/people.ts';
import type { Questions } from '../keep/store/questions.ts';
import type { StationHoldings } from '../keep/store/stations.ts';
import type { StoreOutage } from '../keep/store/store.ts';
import type { AlertFacts } from './alerts/conditions.ts';
import { Alerts } from './alerts/service.ts';
import { announceStart } from './announce.ts';
import { coldBucketOpener } from './cold-bucket.ts';
import { DiskHistory } from './disk-history.ts';
import { EventObserver } from './event-observer.ts';
import { Membership, stationIdOf } from './membership.ts';
import { Pauses } from './pauses.ts';
import { Rates } from './rates.ts';
import type { StationApi, StorePlace, Stores } from './station-api.ts';
import { changesetFigures } from './status/changeset-figures.ts';
import { stationDisks } from './status/disks.ts';
import { Metrics } from './status/metrics.ts';
import {
  listRepositories,
  type PageOfRepositories,
  type RepositoryListFilter,
} from './status/repository-list.ts';
import { type ScheduleApi, scheduleApi } from './status/schedule.ts';
import { readStatus, readStoredFigures, type StationStatus } from './status/status.ts';
import { StoreWatch } from './status/store-watch.ts';
import { findStuck } from './status/stuck/stuck.ts';
import { findTroubles } from './status/troubles.ts';
import { SpanExporter } from './telemetry/exporter.ts';
import { telemetrySettings } from './telemetry/settings.ts';
import { spanOfWork } from './telemetry/work.ts';

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
  /** @param options `station` is this station's id */
  readonly openStores: (place: StorePlace, options: { readonly station: string }) => Promise<Stores>;
  /** What belongs to this machine, in the configuration's database. */
  readonly local: LocalStore;
  readonly forges: ForgeImplementations;
  /** Where its pages are, once they are. */
  readonly pagesUrl?: () => string | undefined;
}

/** A station, put together but not started: its services go into a lifecycle, in this order. */
export interface Station extends StationApi {
  readonly services: readonly Service[];
  /** Where what goes wrong around it is told. */
  readonly faults: FaultBoard;
  /**
   * Takes over another configuration; what has not changed goes on undisturbed. Throws `url_*` for a repository
   * that cannot be one, having changed nothing.
   */
  reconfigure(config: Config): Promise<void>;
  /** URLs of the repositories that the configuration lists. */
  configuredUrls(): readonly string[];
}

/**
 * Puts a station together. The order of its services is the order of starting, and the reverse of stopping:
 * locks, database, pauses, delivery, clone cache, capture, membership, notifications, code hosts, bake threads, workers, schedule.
 */
export function createStation(options: StationOptions): Station {
  return new ComposedStation(options);
}

/** The database as it is named without links: one that has two names is one place all the same. */
function realPathOf(database: string): string {
  try {
    return realpathSync(database);
  } catch {
    return database;
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

class ComposedStation implements Station {
  readonly services: readonly Service[];
  readonly deliveries: Delivery;
  readonly captures: CaptureService;
  readonly repositories: Repositories;
  readonly changesets: Changesets;
  readonly notifications: Notifications;
  readonly alerts: Alerts;
  readonly metrics: Metrics;
  readonly pauses: Pauses;
  readonly rates: Rates;
  readonly diskHistory: DiskHistory;
  readonly events: EventObserver;
  readonly schedule: ScheduleApi;
  readonly faults: OngoingFaults;
  readonly #options: StationOptions;
  readonly #startedMs: number;
  #config: Config;
  readonly #storeWatch: StoreWatch;
  readonly #telemetry: SpanExporter | undefined;
  #opened: Stores | undefined;
  #id = '';

  constructor(given: StationOptions) {
    // That a shared store is away is said by the watch of it; all that waits for it meanwhile need not.
    const options = { ...given, log: quietAbout(given.log, facts => this.#isAboutOutage(facts)) };
    this.#options = options;
    this.#config = options.config;
    this.#startedMs = options.clock.monotonicMs();
    const faults = new OngoingFaults(options.clock);
    this.faults = faults;
    const { local } = options;
    const { root, database } = options.config;
    const current = {
      random: systemRandom,
      ...options,
      faults,
      config: () => this.#config,
      stores: () => this.#stores,
      pauses: () => this.pauses.list(),
    };
    this.pauses = new Pauses({
      ...options,
      open: () => local.openPauses(),
      known: async () => ({ profile: this.deliveries.profiles(), host: await this.#hosts() }),
      onChange: () => this.#pausesChanged(),
    });
    this.#telemetry = this.#openTelemetry(given.log);
    const spans = this.#telemetry;
    this.deliveries = new Delivery({
      ...options,
      faults,
      spans,
      pauses: current.pauses,
      plan: () => this.#planDelivery(this.#config),
      rereadProfiles: () => findProfiles({ deliver: this.#config.deliver, env: options.env }, silentLogger),
      openJournal: () => local.openJournal(),
      createLock: place => local.createLock(place),
      beforeSync: manual => this.captures.complete(manual),
    });
    this.repositories = new Repositories({
      ...current,
      openBucket: coldBucketOpener(current),
      // Owners are listed within the same budget of calls as changesets.
      forgeOf: host => this.changesets.hosts.of(host),
      onSynced: async ({ repository, failure }) => {
        await this.notifications.raiseAfterSync(
          repository,
          failure && { message: failure.error.message, inARow: failure.inARow },
        );
      },
      onCommits: count => this.rates.count('commits', count),
      onWorkEnd: ended => {
        this.metrics.countWork(ended);
        spans?.add(spanOfWork(ended, options.clock.nowMs()));
      },
    });
    this.captures = new CaptureService({
      ...options,
      faults,
      openCaptures: () => local.openCaptures(),
      receiver: this.deliveries,
      reclaimers: directory =>
        inOrderOfGivingWay(this.deliveries.completedFiles(), [this.repositories.cache.reclaimer(directory)]),
    });
    this.changesets = new Changesets({
      ...current,
      onPush: async urls => void (await this.tracking.syncAfterPush(urls, 'webhook: push')),
      onEnd: ended => {
        this.metrics.countWork(ended);
        this.events.countWork(ended);
        spans?.add(spanOfWork(ended, options.clock.nowMs()));
        if (ended.claim.kind === CHANGESET_KIND && ended.ending === 'done') this.rates.count('changesets');
      },
    });
    this.notifications = new Notifications(current);
    this.events = new EventObserver(
      {
        deliveries: () => this.deliveries.status(),
        recentRuns: limit => this.#storeWatch.answer(() => this.repositories.recentRuns(limit)),
        troubles: () => findTroubles(this),
        status: () => this.status(),
      },
      options,
    );
    this.alerts = new Alerts({
      ...current,
      open: () => local.openAlerts(),
      facts: () => this.#alertFacts(),
    });
    this.metrics = new Metrics({
      station: () => this.status(),
      calls: () => this.changesets.limiter.calls(),
      throughput: () => this.deliveries.throughput(),
      spans: () => spans?.counts,
      nowMs: () => options.clock.nowMs(),
    });
    this.rates = new Rates({ ...options, open: () => local.openRates(), totals: () => this.#totals() });
    this.diskHistory = new DiskHistory({
      ...options,
      open: () => local.openRates(),
      disks: () => stationDisks(this.#config),
    });
    this.#storeWatch = new StoreWatch({
      clock: options.clock,
      log: given.log,
      store: () => this.#stores.store,
      isShared: () => this.#config.store !== undefined,
      read: () =>
        readStoredFigures({
          ...this.#stores,
          config: this.#config,
          running: this.repositories.running,
          changesets: changesetFigures(this.changesets),
        }),
    });
    this.schedule = scheduleApi({
      ...current,
      changesets: this.changesets,
      pausedHosts: () => this.pauses.list().flatMap(({ kind, name }) => (kind === 'host' ? [name] : [])),
    });
    this.services = [
      local.createLock({ path: root, what: 'the root', lockPath: join(root, 'station.lock') }),
      local.createLock({ path: database, what: 'the database', lockPath: `${realPathOf(database)}.lock` }),
      announceStart(root),
      { name: 'database', start: () => this.#openStores(), stop: () => this.#closeStores() },
      this.pauses,
      ...(spans ? [spans] : []),
      this.deliveries,
      this.#watchCredentials(),
      this.repositories.cache,
      this.captures,
      new Membership({
        ...options,
        root,
        stations: () => this.#stores.store.stations,
        id: () => this.#id,
        url: () => options.pagesUrl?.(),
        holdings: () => this.#holdings(),
      }),
      this.notifications,
      this.events,
      this.changesets.hosts,
      this.#storeWatch,
      ...this.repositories.workers,
      this.changesets,
      this.repositories.schedule,
      this.alerts,
      this.rates,
      this.diskHistory,
    ];
  }

  /** What the environment says of traces and cannot be is told, and keeps nothing from working. */
  #openTelemetry(log: Logger): SpanExporter | undefined {
    const { env, version, clock } = this.#options;
    try {
      const settings = telemetrySettings(env);
      return settings && new SpanExporter({ settings, version, clock, log, station: () => this.#id });
    } catch (error) {
      log.warn(`no traces are sent: ${asSluiceError(error).message}`);
      return undefined;
    }
  }

  get version(): string {
    return this.#options.version;
  }

  get cache(): CacheApi {
    return this.repositories.cache.api;
  }

  get tracking(): Tracking {
    return this.repositories.tracking;
  }

  get rows(): ExportSource {
    return {
      tables: this.#stores.store.tables,
      deliveries: (beforeId, limit) => this.deliveries.list({ after: [beforeId], limit }),
      captures: (beforeId, limit) => this.captures.files({ afterId: beforeId, limit }),
    };
  }

  get questions(): Questions {
    return this.#stores.store.questions;
  }

  get people(): PeopleStore {
    return this.#stores.store.people;
  }

  get #stores(): Stores {
    if (!this.#opened) throw new SluiceError('stopping', 'the station is not running');
    return this.#opened;
  }

  listRepositories(filter: RepositoryListFilter): Promise<PageOfRepositories> {
    return listRepositories(this.#stores, filter);
  }

  askStore<T>(ask: () => Promise<T>): Promise<T | undefined> {
    return this.#storeWatch.answer(ask);
  }

  storeOutage(): StoreOutage | undefined {
    return this.#opened?.store.outage();
  }

  #isAboutOutage(facts: object): boolean {
    const { code, err } = facts as { readonly code?: unknown; readonly err?: { readonly code?: unknown } };
    const known = code ?? err?.code;
    return (
      known === 'database_unreachable' || (known !== undefined && known === this.storeOutage()?.error.code)
    );
  }

  checkStore(): Promise<void> {
    return this.#stores.store.check();
  }

  async status(): Promise<StationStatus> {
    const { version, clock } = this.#options;
    const { root, database } = this.#config;
    const deliveries = this.deliveries.status();
    const uptimeMs = Math.round(clock.monotonicMs() - this.#startedMs);
    return readStatus({
      known: await this.#storeWatch.figures(),
      clones: this.#stores.clones,
      station: { version, uptimeMs, mode: 'up', pid: process.pid, root, database },
      config: this.#config,
      deliveries: { ...deliveries, profiles: this.deliveries.profiles() },
      links: deliveries.links,
      holds: deliveries.holds,
      pauses: this.pauses.list(),
      capture: await this.captures.status(),
    });
  }

  async #alertFacts(): Promise<AlertFacts> {
    const { holds, oldestWaitingAtMs } = this.deliveries.status();
    const { reviewAfterMs } = this.#config.notify;
    const nowMs = this.#options.clock.nowMs();
    const open =
      reviewAfterMs === undefined
        ? []
        : await this.questions.countOpenChangesets({
            idleSinceMs: 0,
            openedSinceMs: [nowMs - reviewAfterMs],
          });
    return {
      holds,
      oldestWaitingAtMs,
      troubles: this.deliveries.troubles(),
      disks: await stationDisks(this.#config),
      minFreeDiskBytes: this.#config.cache.minFreeDiskBytes,
      collectors: (await this.captures.status()).collectors,
      // Opened later, they are of the first age.
      waitingForReview: open.find(({ age }) => age === 1)?.waitingForReview ?? 0,
    };
  }

  stuck(): Promise<Answer<'listStuck'>> {
    const { clock } = this.#options;
    const { cache, deliver } = this.#config;
    return findStuck({
      questions: this.questions,
      queue: this.#stores.queue,
      deliveries: this.deliveries,
      changesets: this.changesets,
      captures: this.captures,
      faults: this.faults,
      stations: () => this.#stores.store.stations.list(),
      disks: () => stationDisks(this.#config),
      storeOutage: () => this.storeOutage(),
      askStore: ask => this.askStore(ask),
      minFreeDiskBytes: cache.minFreeDiskBytes,
      root: deliver.directory,
      nowMs: () => clock.nowMs(),
    });
  }

  async leaveStation(id: string): Promise<void> {
    const { stations } = this.#stores.store;
    const station = (await stations.list()).find(one => one.id === id);
    if (!station) throw new SluiceError('not_found', 'no station that shares the store has that id');
    if (!station.isSilent) throw new SluiceError('usage', `${station.name} lives; stop it on its machine`);
    await stations.leave(id);
  }

  ready(): boolean {
    return this.repositories.isScheduling;
  }

  configuredUrls(): readonly string[] {
    return this.tracking.configuredUrls();
  }

  async reconfigure(config: Config): Promise<void> {
    this.repositories.check(config);
    await this.changesets.check(config);
    const before = this.#config;
    this.#config = config;
    // Owners are listed at its hosts.
    await this.changesets.reconfigure(before);
    await this.repositories.reconfigure();
    await this.deliveries.reconfigure(await this.#planDelivery(config));
    await this.captures.reconfigure(config);
    this.events.configurationReloaded();
  }

  #planDelivery(config: Config): Promise<DeliveryPlan> {
    return planDelivery(config, this.#options.env, this.#options.log);
  }

  #watchCredentials(): Service {
    const { env, clock, log } = this.#options;
    return new CredentialsWatch({
      paths: () => pathsOfProfiles({ deliver: this.#config.deliver, env }),
      onChange: async () => void (await this.deliveries.reconfigure(await this.#planDelivery(this.#config))),
      clock,
      log,
      faults: this.faults,
    });
  }

  /** What was counted so far of what only grows. */
  async #totals() {
    const sent = this.deliveries.throughput();
    const { collectors } = await this.captures.status();
    return {
      files: sum(sent, ({ files }) => files),
      bytes: sum(sent, ({ bytes }) => bytes),
      failures: sum(sent, ({ failures }) => failures),
      calls: sum(this.changesets.limiter.calls(), ({ calls }) => calls),
      readings: sum(collectors, ({ readings }) => readings),
      ...deliveryTimes(sent.map(({ duration }) => duration)),
    };
  }

  #pausesChanged(): void {
    this.deliveries.pausesChanged();
    this.changesets.pausesChanged();
    this.repositories.pausesChanged();
  }

  /** Hosts that anything is asked of. */
  async #hosts(): Promise<readonly string[]> {
    const repositories = await this.repositories.list();
    const hosts = [
      ...this.changesets.hosts.settings().map(({ host }) => host),
      ...repositories.map(({ host }) => host),
    ];
    return [...new Set(hosts)].sort();
  }

  /** What others are told of what lies here. */
  async #holdings(): Promise<StationHoldings> {
    const { incoming, processing, completed, failed } = this.deliveries.status();
    const [clones, { collectors }, disks] = await Promise.all([
      this.#stores.clones.totals(),
      this.captures.status(),
      stationDisks(this.#config),
    ]);
    return {
      clones: { count: clones.clones, bytes: clones.bytes },
      deliveries: { incoming, processing, completed, failed },
      capture: {
        collectors: collectors.length,
        failing: collectors.filter(({ lastError }) => lastError !== null).length,
      },
      disks: disks.map(({ path, freeBytes, totalBytes }) => ({ path, freeBytes, totalBytes })),
    };
  }

  async #openStores(): Promise<void> {
    const { root, database } = this.#config;
    await makeFolder(dirname(database));
    this.#id = await stationIdOf(root);
    this.#opened = await this.#options.openStores(this.#config, { station: this.#id });
  }

  async #closeStores(): Promise<void> {
    await this.#opened?.close();
    this.#opened = undefined;
  }
}
