import { SluiceError } from '../base/errors.ts';
import type { FileRecord, Journal } from '../keep/local/journal.ts';
import { attemptDelivery } from './attempt/attempt.ts';
import type { AttemptContext, DeliveryOutcome } from './attempt/attempt-context.ts';
import { Uploader } from './attempt/upload/uploader.ts';
import { type Destination, openDestinations } from './destinations.ts';
import { Arrivals } from './intake/arrivals.ts';
import { Folders } from './intake/folders.ts';
import type { Watch } from './intake/watch/watch.ts';
import { Maintenance } from './maintenance.ts';
import { beyondFiles, type DeliveryOptions, type DeliveryPlan, fingerprint } from './plan.ts';
import { BucketCache } from './queue/bucket-cache.ts';
import { Dispatcher } from './queue/dispatcher.ts';
import { EndpointHealthChecks } from './queue/endpoint-health.ts';
import type { DeliverySettings } from './settings.ts';
import { hasRunningCopy, isCopyGone } from './spool/copies.ts';
import { reconcile } from './spool/reconcile.ts';
import { Spool } from './spool/spool.ts';
import { Statistics } from './statistics.ts';
import { offline, SyncCount, type SyncOutcome } from './sync-now.ts';

export interface DeliverySessionOptions extends Required<DeliveryOptions> {
  readonly plan: DeliveryPlan;
  readonly journal: Journal;
}

/** How long uploads may go on after a stop was asked for. */
const STOP_GRACE_MS = 3_000;
/** How long the start waits for the names of the buckets, for which it makes folders. */
const BUCKET_LIST_PATIENCE_MS = 1_000;
/** How long a bucket counts as missing before it is asked for again. */
const MISSING_BUCKET_MS = 30_000;

/** Delivery under one plan, from start to stop; a changed plan gets another one. */
export class DeliverySession {
  readonly #options: DeliverySessionOptions;
  /** What the next flights go by; those under way keep what they began with. */
  #settings: DeliverySettings;
  readonly #spool: Spool;
  readonly #destinations: ReadonlyMap<string, Destination>;
  readonly #links: EndpointHealthChecks;
  readonly #buckets: BucketCache;
  readonly #statistics = new Statistics();
  readonly #dispatcher: Dispatcher;
  readonly #arrivals: Arrivals;
  readonly #folders: Folders;
  readonly #rounds: Maintenance;
  readonly #watch: Watch;
  readonly #stopping = new AbortController();
  /** Addresses of files that wait in incoming for the one before them. */
  readonly #blocked = new Set<string>();
  readonly #syncs = new Set<SyncCount>();

  constructor(options: DeliverySessionOptions) {
    this.#options = options;
    const { plan, journal, clock, log, openStore, openWatch } = options;
    const { settings } = plan;
    this.#settings = settings;
    this.#spool = new Spool(plan.root);
    const destinations = openDestinations(plan.profiles, openStore);
    this.#destinations = new Map(destinations.map(one => [one.profile, one]));
    const { probeEveryMs } = settings;
    const probe = (endpoint: string, signal: AbortSignal): Promise<void> => this.#probe(endpoint, signal);
    const onBack = (endpoint: string): void => void this.#linkIsBack(endpoint);
    this.#links = new EndpointHealthChecks({ clock, log, probeEveryMs, probe, onBack });
    for (const { endpoint } of destinations) this.#links.add(endpoint);
    const keepMissingMs = Math.min(MISSING_BUCKET_MS, settings.bucketCacheMs);
    const onMissing = (profile: string, bucket: string): void =>
      log.error({ profile, bucket }, `bucket ${bucket} of profile ${profile} does not exist; its files wait`);
    this.#buckets = new BucketCache({ clock, keepMs: settings.bucketCacheMs, keepMissingMs, onMissing });
    const context = this.#flightContext();
    this.#dispatcher = new Dispatcher({
      ...{ journal, clock, log, settings, links: this.#links, destinations: this.#destinations },
      fly: (record, destination, signal) =>
        attemptDelivery({ ...context, settings: this.#settings }, destination, record, signal),
      onLanded: (record, landing) => this.#landed(record, landing),
    });
    const knows = (profile: string): boolean => this.#destinations.has(profile);
    const onEntered = this.#dispatcher.offer.bind(this.#dispatcher);
    const emptyFiles = (): 'wait' | 'upload' => settings.emptyFiles;
    const onNotEntered = (path: string): void => this.#watch.forget([path]);
    const taking = { journal, clock, log, emptyFiles, onEntered, onNotEntered };
    this.#arrivals = new Arrivals({ ...taking, spool: this.#spool, knows });
    this.#folders = new Folders({ ...taking, folders: settings.folders });
    this.#rounds = new Maintenance({
      ...{
        settings,
        clock,
        log,
        journal,
        spool: this.#spool,
        buckets: this.#buckets,
        statistics: this.#statistics,
      },
      ...{ dispatcher: this.#dispatcher, destinations: this.#destinations, links: this.#links },
      beforeSync: options.beforeSync,
    });
    this.#watch = openWatch({
      roots: [this.#spool.areaPath('incoming'), ...this.#folders.roots],
      sweepIntervalMs: settings.intervalMs,
      settleMs: settings.settleMs,
      clock,
      log,
      onArrival: arrivals => {
        const { ours, others } = this.#folders.divide(arrivals);
        this.#arrivals.take(others);
        this.#folders.take(ours);
      },
      onTrouble: ({ path, message }) => log.warn({ path }, message),
    });
  }

  async start(): Promise<void> {
    const { journal, clock, log, plan } = this.#options;
    this.#spool.emptyIncomingTmp(isCopyGone);
    this.#spool.prepare(plan.profiles.map(({ name }) => ({ profile: name, buckets: [] })));
    await this.#makeBucketFolders();
    const done = await reconcile({
      ...{ spool: this.#spool, journal, clock },
      knows: profile => this.#destinations.has(profile),
      onOdd: (path, message) => this.#arrivals.tell(path, message),
      isBeingCopied: address => hasRunningCopy(this.#spool, address),
    });
    if (done.processing > 0 || done.corrected > 0) log.info({ ...done }, 'took up what the last run left');
    await this.#rounds.start();
    await this.#watch.start();
    await this.#arrivals.settle();
  }

  /** Ends what waits for a person's patience: manual syncs. */
  interrupt(): void {
    this.#stopping.abort(new SluiceError('stopping', 'delivery is stopping'));
  }

  async stop(): Promise<void> {
    this.interrupt();
    await this.#rounds.stop();
    await this.#watch.stop();
    await this.#dispatcher.drain(STOP_GRACE_MS);
    await this.#arrivals.settle();
    await this.#folders.settle();
    await this.#links.stop();
    this.#statistics.log(this.#options.log);
    this.#spool.prune(true);
    await Promise.all([...this.#destinations.values()].map(({ store }) => store.close()));
  }

  /**
   * Takes over a plan in which only what a single file is sent by is different: what is under way goes on undisturbed.
   * @returns false, and nothing has changed, where the plan asks for more than that
   */
  adopt(plan: DeliveryPlan): boolean {
    const running = { ...this.#options.plan, settings: this.#settings };
    if (fingerprint(beyondFiles(plan)) !== fingerprint(beyondFiles(running))) return false;
    this.#settings = plan.settings;
    return true;
  }

  wake(): void {
    this.#dispatcher.wake();
  }

  status() {
    return {
      uploading: this.#dispatcher.running,
      refused: this.#arrivals.refused,
      syncing: this.#rounds.syncing,
      links: this.#links.all(),
      throughput: this.#statistics.all(),
    };
  }

  async syncNow(callerSignal: AbortSignal): Promise<SyncOutcome> {
    const signal = AbortSignal.any([callerSignal, this.#stopping.signal]);
    signal.throwIfAborted();
    const { journal, clock } = this.#options;
    const endpoints = [...new Set([...this.#destinations.values()].map(({ endpoint }) => endpoint))];
    const answers = await Promise.all(
      endpoints.map(endpoint => !this.#links.isOffline(endpoint) || this.#links.probeNow(endpoint)),
    );
    if (!answers.includes(true)) throw offline(endpoints);
    const count = new SyncCount();
    this.#syncs.add(count);
    const close = this.#rounds.holdOpen();
    try {
      await this.#rounds.prepare(true);
      await this.#watch.sweepNow();
      await this.#arrivals.settle();
      this.#buckets.askAgainForMissing();
      await this.#rounds.askForBuckets();
      for (const profile of this.#destinations.keys()) await journal.makeDueNow(profile, clock.nowMs());
      this.#dispatcher.wake();
      await this.#dispatcher.idle(signal);
      if (endpoints.every(endpoint => this.#links.isOffline(endpoint))) throw offline(endpoints);
      return count.outcome(journal);
    } finally {
      close();
      this.#syncs.delete(count);
    }
  }

  #flightContext(): AttemptContext {
    const { plan, journal, clock, log, random } = this.#options;
    return {
      ...{ spool: this.#spool, journal, clock, random, log, settings: plan.settings },
      ...{ buckets: this.#buckets, links: this.#links, statistics: this.#statistics },
      uploader: new Uploader({ journal, clock }),
    };
  }

  #landed(record: FileRecord, landing: DeliveryOutcome): void {
    for (const sync of this.#syncs) sync.note(record, landing);
    const { journal, clock } = this.#options;
    const address = `${record.profile}/${record.bucket}/${record.filepath}`;
    if (landing === 'blocked') this.#blocked.add(address);
    else if (landing !== 'waiting' && this.#blocked.delete(address)) {
      const next = journal.byAddress(record, 'incoming');
      if (next) this.#dispatcher.offer({ ...next, nextAttemptAtMs: clock.nowMs() });
    }
    if (landing === 'completed') this.#rounds.delivered();
  }

  /** F39: folders of known buckets. A store that does not answer soon gets them later, with its first files. */
  async #makeBucketFolders(): Promise<void> {
    const { clock } = this.#options;
    const make = async (destination: Destination): Promise<void> => {
      try {
        const buckets = await this.#buckets.list(destination, this.#stopping.signal);
        this.#links.saw(destination.endpoint);
        if (!this.#stopping.signal.aborted) this.#spool.prepare([{ profile: destination.profile, buckets }]);
      } catch (error) {
        this.#links.saw(destination.endpoint, error);
      }
    };
    const all = Promise.all([...this.#destinations.values()].map(make));
    let cancel = (): void => undefined;
    const patience = new Promise<void>(resolve => {
      cancel = clock.timer(BUCKET_LIST_PATIENCE_MS, resolve);
    });
    await Promise.race([all, patience]);
    cancel();
  }

  async #probe(endpoint: string, signal: AbortSignal): Promise<void> {
    for (const destination of this.#destinations.values()) {
      if (destination.endpoint === endpoint) return void (await destination.store.listBuckets({ signal }));
    }
  }

  async #linkIsBack(endpoint: string): Promise<void> {
    const { journal, clock, log } = this.#options;
    try {
      for (const destination of this.#destinations.values()) {
        if (destination.endpoint !== endpoint) continue;
        const files = await journal.makeDueNow(destination.profile, clock.nowMs());
        log.info({ endpoint, profile: destination.profile, files }, 'waiting files go now');
      }
    } catch (error) {
      log.error(
        { endpoint, reason: String(error) },
        'could not hurry the waiting files; they go at their own times',
      );
    }
    this.#dispatcher.wake();
  }
}
