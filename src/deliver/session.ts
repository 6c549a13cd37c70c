import { join } from 'node:path';
import { SluiceError } from '../base/errors.ts';
import type { Service } from '../base/lifecycle.ts';
import type { HoldReason, Place } from '../engine/place-hold.ts';
import type { ObjectStore } from '../keep/buckets/bucket.ts';
import type { Profile } from '../keep/buckets/object-store-definition.ts';
import type { FileAddress, FileRecord, Journal } from '../keep/local/journal.ts';
import type { ExclusivePlace } from '../keep/local/station-lock.ts';
import { attemptDelivery } from './attempt/attempt.ts';
import type { DeliveryOutcome } from './attempt/outcome.ts';
import { recordSent } from './attempt/record-sent.ts';
import type { DeliveryContext } from './context.ts';
import { Gate } from './gate.ts';
import { Hooks } from './hooks.ts';
import { FailingFolders } from './intake/failing-folders.ts';
import { Intake } from './intake/intake.ts';
import type { LeftFiles, Watch, WatchOptions } from './intake/watch/watch.ts';
import { watchSettings } from './intake/watch-settings.ts';
import { KeyRetries, retryForOtherKeys } from './key-retries.ts';
import { type BeforeSync, Maintenance } from './maintenance.ts';
import { ManualSyncs } from './manual-syncs.ts';
import { type DeliverySurroundings, openContext, watchedFolders } from './open-context.ts';
import { originOf } from './origin/origin-of.ts';
import { type DeliveryPlan, isSameButForFiles } from './plan.ts';
import { Dispatcher } from './queue/dispatcher.ts';
import { cachedCounts, holdStatuses, type WaitingCounts } from './queue/hold-status.ts';
import { makeBucketFolders } from './spool/bucket-folders.ts';
import { emptyIncomingTmp } from './spool/copies.ts';
import { FolderLocks } from './spool/folder-locks.ts';
import { refuseWhatIsNotMounted, warnOfLostRecords } from './spool/lost-records.ts';
import { reconcileSpool } from './spool/reconcile.ts';
import { recordFailedFiles } from './spool/unrecorded.ts';
import type { Throughput } from './statistics.ts';
import type { SyncOutcome, SyncPatience } from './sync-now.ts';

/** What a session takes from its surroundings. */
export interface SessionOptions extends DeliverySurroundings {
  /** Awaited before each scheduled sync that may run and before each manual one: what gathers files hands them over. */
  readonly beforeSync: BeforeSync;
  /** How the incoming area and the folders are watched; a test may give its own. */
  readonly openWatch: (options: WatchOptions) => Watch;
  /** Makes the lock of a place on the disk; absent, only the folders themselves are locked. */
  readonly createLock?: (place: ExclusivePlace) => Service;
}

/**
 * Delivery under one plan, from start to stop; a changed plan gets another session.
 *
 *   idle ──start()──▶ running ──interrupt()──▶ stopping ──stop()──▶ stopped (final)
 *                        └───────────────stop()───────────────────────▲
 *
 * `start` may fail and is then followed by `stop`. While it runs, a session sleeps until one of these wakes it:
 *
 *   cause                                       noticed by                  what follows
 *   1. files arrived                            watch                       intake: each becomes a record (2)
 *   2. a file has a record                      intake                      dispatcher.offer: sent, or its time awaited
 *   3. the time of a next try has come          dispatcher (its timer)      the journal is read for what is due
 *   4. an attempt ended, a lane is free         dispatcher                  #attemptEnded, then the next in line
 *   5. a try of the file before it ended        #attemptEnded               the one that was blocked is due now
 *   6. an endpoint is back                      endpoint monitor            #sendWaiting: its files are due now
 *      a held place is right again             place holds                 the same
 *   7. the gate opened or shut                  maintenance asks it         dispatcher opens or shuts
 *   8. a missing bucket appeared                maintenance                 its files are due now
 *   9. another process wrote to the journal     maintenance, `wake`         as 3
 *  10. the clock was set back                   dispatcher (its timer)      times in the journal are moved, as 3
 *  11. an attempt broke off (journal's disk)    dispatcher, 5 s later       as 3
 *  12. a person wants all files sent            `syncNow`                   gate held open; 1, 6 and 8 at once
 *  13. the plan changed for single files        `adopt`                     the next attempts go by it
 *  14. a stop                                   `interrupt`, `stop`         syncs end, attempts get some time
 *  15. a profile's key became another           its store                   #keyChanged: what failed for its sake goes again
 *  16. somebody paused or resumed a place       `pausesChanged`             what was resumed is due now
 */
export class DeliverySession {
  #plan: DeliveryPlan;
  /**
   * What the next attempts go by; those under way keep the one that they began with. Intake, gate, dispatcher and
   * maintenance keep the first one: nothing that they go by differs in a plan that is adopted (`isSameButForFiles`).
   */
  #context: DeliveryContext;
  readonly #dispatcher: Dispatcher;
  readonly #intake: Intake;
  readonly #failingFolders: FailingFolders;
  readonly #gate: Gate;
  /** For pages, which ask every two seconds. */
  readonly #counts: WaitingCounts;
  readonly #keyRetries = new KeyRetries(() => this.#context);
  readonly #maintenance: Maintenance;
  readonly #hooks = new Hooks(() => this.#context);
  readonly #watch: Watch;
  /** What the watch has seen and not reported. */
  #left: readonly LeftFiles[] = [];
  readonly #stopping = new AbortController();
  readonly #folderLocks: FolderLocks;
  /** Where the file system knows locks of files only. */
  readonly #locks: readonly Service[];
  /** Addresses of files that wait in incoming for the one before them. */
  readonly #blocked = new Set<string>();
  readonly #syncs: ManualSyncs;

  constructor(
    plan: DeliveryPlan,
    journal: Journal,
    openStore: (profile: Profile) => ObjectStore,
    options: SessionOptions,
  ) {
    const { clock, log } = options;
    const { settings, root } = plan;
    this.#plan = plan;
    this.#folderLocks = new FolderLocks(root, settings.folders, options.files?.calls);
    const place = { path: root, what: 'the delivery folder', lockPath: join(root, 'spool.lock') };
    this.#locks = options.createLock ? [options.createLock(place)] : [];
    this.#context = openContext(plan, journal, openStore, options, {
      dispatcher: () => this.#dispatcher,
      context: () => this.#context,
      onEndpointBack: endpoint => {
        this.#dispatcher.endpointBack(endpoint);
        void this.#sendWaiting(endpoint);
      },
      onPlaceFree: () => void recordSent(this.#context).then(() => this.#dispatcher.wake()),
      onKeyChange: profile => void this.#keyChanged(profile),
    });
    this.#dispatcher = new Dispatcher(this.#context, {
      attempt: (record, destination, turn) =>
        attemptDelivery(this.#context, destination, record, turn).finally(() =>
          this.#context.holds.attemptEnded(record.id),
        ),
      onEnded: (record, outcome) => this.#attemptEnded(record, outcome),
    });
    this.#intake = new Intake(this.#context, {
      onEntered: record => this.#dispatcher.offer(record),
      onNotEntered: path => this.#watch.forget([path]),
    });
    this.#counts = cachedCounts(journal, clock);
    this.#failingFolders = new FailingFolders(this.#context);
    this.#gate = new Gate(this.#context, this.#dispatcher);
    this.#maintenance = new Maintenance(this.#context, {
      gate: this.#gate,
      dispatcher: this.#dispatcher,
      keyRetries: this.#keyRetries,
      beforeSync: options.beforeSync,
    });
    this.#watch = options.openWatch({
      ...watchSettings(settings, this.#context.spool.areaPath('incoming')),
      roots: watchedFolders(plan),
      clock,
      log,
      onArrival: arrivals => {
        this.#context.mounts.note();
        this.#intake.take(arrivals);
      },
      onTrouble: ({ path, message }) => log.warn({ path }, message),
      onFailing: roots => void this.#failingFolders.note(roots),
      onLeft: left => {
        this.#left = left;
        this.#intake.forgetGone();
      },
    });
    this.#syncs = new ManualSyncs({
      context: this.#context,
      gate: this.#gate,
      dispatcher: this.#dispatcher,
      maintenance: this.#maintenance,
      watch: this.#watch,
      intake: this.#intake,
      waitingIn: this.#waitingIn,
      stopping: this.#stopping.signal,
    });
  }

  /** Makes folders, makes journal and tree agree, and watches; resolves when all that lies there is on record. */
  async start(): Promise<void> {
    const { spool, log } = this.#context;
    for (const lock of this.#locks) await lock.start();
    refuseWhatIsNotMounted(this.#context);
    spool.prepare([]);
    await this.#folderLocks.start();
    emptyIncomingTmp(spool);
    spool.prepare(this.#plan.profiles.map(({ name }) => ({ profile: name, buckets: [] })));
    await makeBucketFolders(this.#context, this.#stopping.signal);
    const onUndeliverable = (path: string, fault: string): void => this.#intake.refuse(path, fault);
    const wasEmpty = this.#context.journal.list({ limit: 1 }).length === 0;
    const done = await reconcileSpool({ ...this.#context, onUndeliverable });
    if (wasEmpty) await warnOfLostRecords(spool, log);
    const unrecorded = await recordFailedFiles(this.#context);
    if (unrecorded > 0) log.info({ files: unrecorded }, 'put files on record that lay in failed without one');
    await this.#hooks.start();
    await retryForOtherKeys(this.#context);
    await this.#context.journal.putProcessingFirst(this.#context.clock.nowMs());
    this.#context.holds.adopt();
    await this.#context.holds.checkFolders();
    if (done.processing > 0 || done.corrected > 0) log.info({ ...done }, 'took up what the last run left');
    await this.#maintenance.start();
    await this.#watch.start();
    await this.#intake.settle();
  }

  /** A stop begins (14): ends what waits for a person's patience, manual syncs. */
  interrupt(): void {
    this.#stopping.abort(new SluiceError('stopping', 'delivery is stopping'));
  }

  /** Stops what comes in first, what goes out last (14). Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    const { settings, endpoints, holds, statistics, spool, destinations, log } = this.#context;
    this.interrupt();
    await this.#maintenance.stop();
    await this.#watch.stop();
    this.#intake.dropWaiting();
    await this.#dispatcher.drain(settings.stopGraceMs);
    await this.#hooks.stop();
    await recordSent(this.#context);
    await this.#intake.settle();
    await endpoints.stop();
    await holds.stop();
    statistics.log(log);
    spool.prune(true);
    await Promise.all([...destinations.values()].map(({ store }) => store.close()));
    await this.#folderLocks.stop();
    for (const lock of this.#locks) await lock.stop();
  }

  /**
   * Takes over a plan in which only what a single file is sent by is different (13), the keys of profiles among it: what
   * is under way goes on undisturbed.
   * @returns false, and nothing has changed, where the plan asks for more than that
   */
  adopt(plan: DeliveryPlan): boolean {
    if (!isSameButForFiles(plan, this.#plan)) return false;
    this.#plan = plan;
    this.#context = { ...this.#context, settings: plan.settings };
    for (const profile of plan.profiles)
      this.#context.destinations.get(profile.name)?.store.key?.adopt(profile);
    return true;
  }

  /** Another process may have put something due into the journal (9). */
  wake(): void {
    this.#dispatcher.wake();
  }

  /** Something was paused or resumed (16). */
  pausesChanged(): void {
    this.#context.holds.followPauses();
    this.#dispatcher.wake();
  }

  /**
   * Asks a place that is held whether it can be used again. Resolves once it has answered, or its trial was offered.
   * @returns whether there was anything to ask
   */
  async probe(place: Place): Promise<boolean> {
    const { endpoints, holds, buckets, journal } = this.#context;
    if (place.kind === 'endpoint') {
      if (!endpoints.endpoints.includes(place.name)) return false;
      await endpoints.ask(place.name);
      return true;
    }
    if (await holds.probe(place)) return true;
    const isMissing = journal.missingBuckets().some(one => `${one.profile}/${one.bucket}` === place.name);
    if (place.kind !== 'bucket' || !isMissing) return false;
    buckets.askAgainForMissing();
    await this.#maintenance.askForMissingBuckets();
    return true;
  }

  /** As the dispatcher has it. */
  withhold(id: number): (() => void) | undefined {
    return this.#dispatcher.withhold(id);
  }

  /** As the dispatcher has it. */
  isTried(id: number): boolean {
    return this.#dispatcher.isTried(id);
  }

  get journalTrouble(): HoldReason | undefined {
    return this.#context.holds.journalTrouble;
  }

  /** Ids of the records that are being tried this very moment. */
  get tried(): readonly number[] {
    return this.#dispatcher.tried;
  }

  /** Endpoints by profile. */
  get endpoints(): ReadonlyMap<string, string> {
    const { destinations } = this.#context;
    return new Map([...destinations.values()].map(({ profile, endpoint }) => [profile, endpoint]));
  }

  get throughput(): readonly Throughput[] {
    return this.#context.statistics.all();
  }

  readonly #waitingIn = (place: string): number => this.#failingFolders.waitingIn(place);

  status() {
    const unentered = this.#intake.countUnentered();
    return {
      uploading: this.#dispatcher.running,
      refused: this.#intake.refused,
      left: [...this.#left, ...this.#intake.left()],
      unentered,
      syncing: this.#gate.isOpen,
      links: this.#context.endpoints.status(),
      holds: holdStatuses(this.#context, {
        counts: this.#counts,
        unentered,
        waitingIn: this.#waitingIn,
      }),
      throughput: this.throughput,
    };
  }

  /** A person wants all files sent (12); as Delivery.syncNow has it. */
  syncNow(callerSignal: AbortSignal, patience: SyncPatience = {}): Promise<SyncOutcome> {
    return this.#syncs.run(callerSignal, patience);
  }

  /** An attempt ended, whichever way (4). */
  #attemptEnded(record: FileRecord, outcome: DeliveryOutcome): void {
    this.#syncs.note(record, outcome);
    this.#hooks.wake();
    if (outcome === 'completed') this.#maintenance.fileDelivered();
    // Should something lie there still, or again, it is to be looked at anew: it may have come while this was sent.
    if (outcome === 'gone' || (outcome === 'completed' && record.source !== null))
      this.#watch.forget([originOf(record).entryPath(this.#context.spool, record)]);
    if (outcome === 'blocked') this.#blocked.add(addressText(record));
    else if (this.#blocked.size > 0) this.#unblock(record);
  }

  /** The try of the file before it at its address ended (5): the file that waited for that goes, if one did. */
  #unblock(ended: FileRecord): void {
    if (!this.#blocked.delete(addressText(ended))) return;
    const { journal, clock } = this.#context;
    const next = journal.byAddress(ended, 'incoming');
    if (next) this.#dispatcher.offer({ ...next, nextAttemptAtMs: clock.nowMs() });
  }

  /** An endpoint is back (6): what waits for it goes now. */
  async #sendWaiting(endpoint: string): Promise<void> {
    const { journal, clock, log, destinations } = this.#context;
    try {
      for (const destination of destinations.values()) {
        if (destination.endpoint !== endpoint) continue;
        const files = await journal.makeDueNow(destination.profile, clock.nowMs());
        log.info({ endpoint, profile: destination.profile, files }, 'waiting files go now');
      }
    } catch (error) {
      log.error(
        { endpoint, reason: String(error) },
        'could not make the waiting files due now; they go at their own times',
      );
    }
    this.#dispatcher.wake();
  }

  /** A profile's key has become another (15): what the old one was refused for goes again, and what waits goes now. */
  async #keyChanged(profile: string): Promise<void> {
    const { holds, log } = this.#context;
    if (this.#stopping.signal.aborted) return;
    holds.keyChanged(profile);
    try {
      await this.#keyRetries.follow(profile);
    } catch (error) {
      const words = 'what failed for the old key could not be taken up again; tried again soon';
      log.error({ profile, reason: String(error) }, words);
    }
    this.#dispatcher.wake();
  }
}

function addressText({ profile, bucket, filepath }: FileAddress): string {
  return `${profile}/${bucket}/${filepath}`;
}
