import { asSluiceError } from '../base/errors.ts';
import { RepeatedMessages } from '../base/repeated-messages.ts';
import type { FileRecord } from '../keep/local/journal.ts';
import { abandonUpload } from './attempt/upload/parts.ts';
import type { DeliveryContext } from './context.ts';
import type { Gate } from './gate.ts';
import type { KeyRetries } from './key-retries.ts';
import { originOf } from './origin/origin-of.ts';
import type { Dispatcher } from './queue/dispatcher.ts';
import { applyRetention } from './retention.ts';
import { vanishedChange } from './spool/follow.ts';
import { settleDeadCopies } from './spool/reconcile.ts';

/** Something that is done now and then beside delivery. */
interface Duty {
  /** As the log names it when it fails. */
  readonly name: string;
  /** Done in a pass only if so much time has gone since it was last done; 0: in every pass. */
  readonly everyMs: number;
  readonly run: () => Promise<void> | void;
  /** When it was last done, at first the start; monotonic. */
  lastMs: number;
}

/** Has files handed over that are still being gathered; `manual` where a person asked for the sync. */
export type BeforeSync = (manual: boolean) => Promise<void>;

/** What maintenance works with, beside the context. */
export interface MaintenanceParts {
  readonly gate: Gate;
  readonly dispatcher: Dispatcher;
  readonly keyRetries: KeyRetries;
  readonly beforeSync: BeforeSync;
}

/** Pause before retention looks after a delivery, so that many deliveries share one pass over the files. */
const RETENTION_PAUSE_MS = 200;
/** The same failure of a duty is said once a minute. */
const LOG_EVERY_MS = 60_000;
/** Records in incoming whose file is checked in one pass. */
const VANISHED_PAGE = 500;

/**
 * What is done beside delivery: a pass over the table of duties every `intervalMs`, one pass at a time; one that takes
 * longer than the interval delays the next. A duty that fails is logged and keeps no other from being done.
 */
export class Maintenance {
  readonly #context: DeliveryContext;
  readonly #gate: Gate;
  readonly #dispatcher: Dispatcher;
  readonly #beforeSync: BeforeSync;
  readonly #duties: readonly Duty[];
  readonly #messages: RepeatedMessages;
  readonly #stopped = new AbortController();
  /** The pass that runs; the next one waits for it. */
  #pass: Promise<void> = Promise.resolve();
  #cancelTimer: (() => void) | undefined;
  #cancelRetention: (() => void) | undefined;
  /** Where the next pass goes on to check records in incoming. */
  #vanishedAfterId = 0;

  constructor(context: DeliveryContext, { gate, dispatcher, keyRetries, beforeSync }: MaintenanceParts) {
    const { settings, clock, spool, statistics, holds, mounts, log } = context;
    this.#context = context;
    this.#messages = new RepeatedMessages(clock, LOG_EVERY_MS);
    this.#gate = gate;
    this.#dispatcher = dispatcher;
    this.#beforeSync = beforeSync;
    const startMs = clock.monotonicMs();
    const duty = (name: string, run: Duty['run'], everyMs = 0): Duty => ({
      name,
      everyMs,
      run,
      lastMs: startMs,
    });
    this.#duties = [
      duty('gate', () => gate.ask(this.#stopped.signal)),
      duty('files being gathered', () => this.#gatherForSync()),
      duty('buckets', () => this.askForMissingBuckets()),
      duty('journal', () => holds.checkJournal()),
      duty('held places', () => holds.adopt()),
      duty('mounts', () => mounts.note()),
      duty('changed keys', () => keyRetries.retry()),
      duty('vanished files', () => this.#findVanished()),
      duty('killed copies', () => this.#settleCopies()),
      duty('abandoned uploads', () => this.#abortAbandoned()),
      duty('retention', () => this.#retain()),
      duty('pruning', () => spool.prune()),
      duty('statistics', () => statistics.log(log), settings.statisticsEveryMs),
      // What another process put into the journal is due, too.
      duty('queue', () => dispatcher.wake()),
    ];
  }

  /** Resolves when the gate has been asked for the first time; further passes follow by themselves. */
  async start(): Promise<void> {
    await this.#gate.ask(this.#stopped.signal);
    this.#planPass();
  }

  /** Resolves when nothing runs any more; may be called again. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#cancelTimer?.();
    this.#cancelRetention?.();
    await this.#pass;
  }

  /** Has files handed over for a manual sync. What fails there is logged and holds up nothing. */
  gather(): Promise<void> {
    return this.#guarded('files being gathered', () => this.#beforeSync(true));
  }

  /** A file was delivered: with retention `never` it goes soon. */
  fileDelivered(): void {
    const { settings, clock } = this.#context;
    if (settings.retention.keep !== 'never' || this.#cancelRetention || this.#stopped.signal.aborted) return;
    this.#cancelRetention = clock.timer(RETENTION_PAUSE_MS, () => {
      this.#cancelRetention = undefined;
      this.#pass = this.#pass.then(() => this.#guarded('retention', () => this.#retain()));
    });
  }

  /** Asks for the buckets that files wait for: their files go once they exist. Throws what the journal throws. */
  async askForMissingBuckets(): Promise<void> {
    const { journal, buckets, destinations, endpoints, clock, log } = this.#context;
    for (const { profile, bucket } of journal.missingBuckets()) {
      const destination = destinations.get(profile);
      if (!destination || endpoints.isOffline(destination.endpoint)) continue;
      try {
        const exists = await buckets.exists(destination, bucket, this.#stopped.signal);
        endpoints.noteCall(destination.endpoint);
        if (exists) {
          const files = await journal.release('bucket', { profile, bucket }, clock.nowMs());
          log.info({ profile, bucket, files }, 'the bucket exists now; its files go');
        }
      } catch (error) {
        endpoints.noteCall(destination.endpoint, error);
      }
    }
  }

  #planPass(): void {
    const { clock, settings } = this.#context;
    if (this.#stopped.signal.aborted) return;
    this.#cancelTimer = clock.timer(settings.intervalMs, () => {
      this.#pass = this.#pass.then(() => this.#runPass()).then(() => this.#planPass());
    });
  }

  async #runPass(): Promise<void> {
    for (const duty of this.#duties) {
      const nowMs = this.#context.clock.monotonicMs();
      if (nowMs - duty.lastMs < duty.everyMs) continue;
      duty.lastMs = nowMs;
      await this.#guarded(duty.name, duty.run);
    }
  }

  async #guarded(duty: string, run: Duty['run']): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    try {
      await run();
    } catch (error) {
      const { code, message: reason } = asSluiceError(error);
      const suppressed = this.#stopped.signal.aborted ? undefined : this.#messages.admit(`${duty} ${code}`);
      if (suppressed === undefined) return;
      this.#context.log.error({ duty, reason, repeated: suppressed || undefined }, `${duty}: ${reason}`);
    }
  }

  async #gatherForSync(): Promise<void> {
    if (this.#gate.isOpen) await this.#beforeSync(false);
  }

  /** Records whose file was taken out of incoming before its turn; a page of them in each pass. */
  async #findVanished(): Promise<void> {
    const { journal, clock, spool, holds } = this.#context;
    if (spool.isAway()) return holds.spoolAway();
    const page = journal.inState('incoming', this.#vanishedAfterId, VANISHED_PAGE);
    this.#vanishedAfterId = page.length < VANISHED_PAGE ? 0 : (page.at(-1)?.id ?? 0);
    for (const record of page) {
      if (this.#stopped.signal.aborted) return;
      // What becomes of one that is under way is for its attempt to say; one that gave way on a full disk tells itself.
      if (this.#dispatcher.isClaimed(record.id) || this.#dispatcher.isWithheld(record.id)) continue;
      if (originOf(record).isPresent(this.#context, record)) continue;
      const away = originOf(record).folderAway(this.#context, record);
      if (away !== undefined) {
        holds.folderAway(away);
        continue;
      }
      if (record.sentAtMs !== null && (await this.#isDelivered(record))) continue;
      await journal.changeUnmoved(record, vanishedChange(clock.nowMs()));
    }
  }

  /** Whether a file that is not there was sent before: its record ends here or, where only the proof is left, by a try. */
  async #isDelivered(record: FileRecord): Promise<boolean> {
    const release = this.#dispatcher.withhold(record.id);
    if (!release) return true;
    try {
      if ((await originOf(record).findAgain(this.#context, record)) === 'completed') return true;
      return (this.#context.journal.byId(record.id)?.sentAtMs ?? null) !== null;
    } finally {
      release();
    }
  }

  async #settleCopies(): Promise<void> {
    const files = await settleDeadCopies(this.#context);
    if (files > 0)
      this.#context.log.info({ files }, 'a copy was killed; what it had not copied whole is off the record');
  }

  /** Uploads in parts whose record has ended: their parts cost money at the store. */
  async #abortAbandoned(): Promise<void> {
    const { journal, destinations, endpoints } = this.#context;
    for (const unfinished of journal.abandonedUploads()) {
      if (this.#stopped.signal.aborted) return;
      const profile = journal.byId(unfinished.recordId)?.profile ?? '';
      const destination = destinations.get(profile);
      if (!destination || endpoints.isOffline(destination.endpoint)) continue;
      await abandonUpload({ store: destination.store, journal, signal: this.#stopped.signal }, unfinished);
    }
  }

  async #retain(): Promise<void> {
    await applyRetention(this.#context, this.#context.settings.retention, this.#stopped.signal);
  }
}
