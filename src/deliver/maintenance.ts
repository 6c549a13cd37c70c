import type { Clock } from '../base/clock.ts';
import { asSluiceError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Journal } from '../keep/local/journal.ts';
import { abandon } from './attempt/upload/parts.ts';
import type { Destination } from './destinations.ts';
import { askGate } from './gate.ts';
import type { BucketCache } from './queue/bucket-cache.ts';
import type { Dispatcher } from './queue/dispatcher.ts';
import type { EndpointHealthChecks } from './queue/endpoint-health.ts';
import { applyRetention } from './retention.ts';
import type { DeliverySettings } from './settings.ts';
import { vanished } from './spool/reconcile.ts';
import { regularFile, type Spool } from './spool/spool.ts';
import type { Statistics } from './statistics.ts';

export interface MaintenanceOptions {
  readonly settings: DeliverySettings;
  readonly clock: Clock;
  readonly log: Logger;
  readonly journal: Journal;
  readonly spool: Spool;
  readonly buckets: BucketCache;
  readonly statistics: Statistics;
  readonly dispatcher: Dispatcher;
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly links: EndpointHealthChecks;
  readonly beforeSync: (manual: boolean) => Promise<void>;
}

/** Pause before retention looks after a delivery, so that many deliveries share one look. */
const RETENTION_PAUSE_MS = 200;
/** Records in incoming whose file is looked for in one round. */
const LOOKED_FOR = 500;

/**
 * What happens every `intervalMs`: the gate is asked (V6), missing buckets are asked for again (F44), what another process put
 * into the journal is noticed, abandoned uploads are aborted (S8), retention (S6), empty directories go, statistics are logged
 * (V11). One round at a time; a round that takes longer than the interval delays the next.
 */
export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #stopped = new AbortController();
  #round: Promise<void> = Promise.resolve();
  #cancelTimer: (() => void) | undefined;
  #cancelRetention: (() => void) | undefined;
  #gateIsOpen: boolean;
  #heldOpen = 0;
  #loggedAtMs: number;
  #lookedForId = 0;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    const { settings, clock } = options;
    this.#gateIsOpen = settings.automatic && settings.gate === null;
    this.#loggedAtMs = clock.monotonicMs();
  }

  /** Whether scheduled syncs run: automatically, and the gate is open. */
  get syncing(): boolean {
    return this.#gateIsOpen;
  }

  /** Has files handed over that are still being gathered. What fails there is told and holds up nothing. */
  prepare(manual: boolean): Promise<void> {
    return this.#guarded('files being gathered', () => this.#options.beforeSync(manual));
  }

  async start(): Promise<void> {
    await this.#askGate();
    this.#next();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#cancelTimer?.();
    this.#cancelRetention?.();
    await this.#round;
  }

  /** Delivers whatever the schedule and the gate say, until the function returned is called (V7). */
  holdOpen(): () => void {
    this.#heldOpen += 1;
    this.#apply();
    let isHeld = true;
    return () => {
      if (isHeld) this.#heldOpen -= 1;
      isHeld = false;
      this.#apply();
    };
  }

  /** A file was delivered: with retention `never` it goes soon. */
  delivered(): void {
    const { settings, clock } = this.#options;
    if (settings.retention.keep !== 'never' || this.#cancelRetention || this.#stopped.signal.aborted) return;
    this.#cancelRetention = clock.timer(RETENTION_PAUSE_MS, () => {
      this.#cancelRetention = undefined;
      this.#round = this.#round.then(() => this.#guarded('retention', () => this.#retain()));
    });
  }

  #next(): void {
    const { clock, settings } = this.#options;
    if (this.#stopped.signal.aborted) return;
    this.#cancelTimer = clock.timer(settings.intervalMs, () => {
      this.#round = this.#round.then(() => this.#run()).then(() => this.#next());
    });
  }

  async #run(): Promise<void> {
    const { dispatcher, spool } = this.#options;
    await this.#askGate();
    if (this.#gateIsOpen) await this.prepare(false);
    await this.#guarded('buckets', () => this.askForBuckets());
    await this.#guarded('vanished files', () => this.#lookForVanished());
    await this.#guarded('abandoned uploads', () => this.#abortAbandoned());
    await this.#guarded('retention', () => this.#retain());
    await this.#guarded('pruning', async () => spool.prune());
    this.#logStatistics();
    dispatcher.wake();
  }

  /** One duty that fails is told and does not keep the others from being done. */
  async #guarded(duty: string, run: () => Promise<void>): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    try {
      await run();
    } catch (error) {
      const { message: reason } = asSluiceError(error);
      if (!this.#stopped.signal.aborted) this.#options.log.error({ duty, reason }, `${duty}: ${reason}`);
    }
  }

  async #askGate(): Promise<void> {
    const { settings, log } = this.#options;
    if (settings.automatic && settings.gate !== null && !this.#stopped.signal.aborted) {
      const { open, reason } = await askGate(settings.gate, this.#stopped.signal);
      if (open !== this.#gateIsOpen)
        log.info({ open, reason }, open ? 'the gate is open' : 'the gate is shut');
      this.#gateIsOpen = open;
    }
    this.#apply();
  }

  #apply(): void {
    const { dispatcher } = this.#options;
    if (this.#stopped.signal.aborted) return;
    if (this.#gateIsOpen || this.#heldOpen > 0) dispatcher.open();
    else dispatcher.shut();
  }

  /** Buckets that files wait for: their files go once they exist (F44). */
  async askForBuckets(): Promise<void> {
    const { journal, buckets, destinations, links, clock, log } = this.#options;
    for (const { profile, bucket } of journal.missingBuckets()) {
      const destination = destinations.get(profile);
      if (!destination || links.isOffline(destination.endpoint)) continue;
      try {
        const exists = await buckets.exists(destination, bucket, this.#stopped.signal);
        links.saw(destination.endpoint);
        if (exists) {
          const files = await journal.release(profile, bucket, clock.nowMs());
          log.info({ profile, bucket, files }, 'the bucket exists now; its files go');
        }
      } catch (error) {
        links.saw(destination.endpoint, error);
      }
    }
  }

  /** Records whose file was taken out of incoming before its turn; a page of them a round. */
  async #lookForVanished(): Promise<void> {
    const { journal, spool, clock } = this.#options;
    const page = journal.inState('incoming', this.#lookedForId, LOOKED_FOR);
    this.#lookedForId = page.length < LOOKED_FOR ? 0 : (page.at(-1)?.id ?? 0);
    for (const record of page) {
      if (record.source !== null) {
        if (regularFile(record.source)) continue;
      } else if (spool.fileAt('incoming', record) || spool.fileAt('processing', record)) {
        // Between the rename and its row, a file is in processing already.
        continue;
      }
      if (journal.byId(record.id)?.state !== 'incoming') continue;
      await journal.changeIf(record.id, 'incoming', vanished(clock.nowMs()));
    }
  }

  async #abortAbandoned(): Promise<void> {
    const { journal, destinations, links } = this.#options;
    for (const kept of journal.abandonedUploads()) {
      const profile = journal.byId(kept.recordId)?.profile ?? '';
      const destination = destinations.get(profile);
      if (!destination || links.isOffline(destination.endpoint)) continue;
      await abandon({ store: destination.store, journal, signal: this.#stopped.signal }, kept);
    }
  }

  async #retain(): Promise<void> {
    const { settings } = this.#options;
    await applyRetention(this.#options, settings.retention);
  }

  #logStatistics(): void {
    const { clock, settings, statistics, log } = this.#options;
    if (clock.monotonicMs() - this.#loggedAtMs < settings.statisticsEveryMs) return;
    this.#loggedAtMs = clock.monotonicMs();
    statistics.log(log);
  }
}
