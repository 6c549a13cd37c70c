import { keepAnswers } from '../base/answer-cache.ts';
import { SluiceError } from '../base/errors.ts';
import type { Service } from '../base/lifecycle.ts';
import { systemRandom } from '../base/random.ts';
import { Serializer } from '../base/serializer.ts';
import type { HoldReason, Place } from '../engine/place-hold.ts';
import type { ObjectStore } from '../keep/buckets/bucket.ts';
import type { Profile } from '../keep/buckets/object-store-definition.ts';
import type { Reclaimer } from '../keep/disk/budget.ts';
import type {
  Attempt,
  FileAddress,
  FileRecord,
  FileTrouble,
  Journal,
  RecordFilter,
  UnsettledFiles,
} from '../keep/local/journal.ts';
import type { ObjectContext } from './context.ts';
import { dropFailed, type FailedOutcome, type FailedSelection, retryFailed } from './failed.ts';
import type { DeliveryLeft } from './intake/intake.ts';
import { createWatch } from './intake/watch/watch.ts';
import { type DeliveryPlan, isSamePlan } from './plan.ts';
import type { EndpointStatus } from './queue/endpoint-monitor.ts';
import type { HoldStatus } from './queue/hold-status.ts';
import { completedFilesReclaimer } from './retention.ts';
import { DeliverySession, type SessionOptions } from './session.ts';
import { Spool } from './spool/spool.ts';
import type { Throughput } from './statistics.ts';
import type { SyncOutcome, SyncPatience } from './sync-now.ts';
import { type DeletionOutcome, UndeliveredFiles } from './undelivered-files.ts';

/** What delivery takes from the station. */
export interface DeliveryOptions
  extends Pick<SessionOptions, 'clock' | 'log'>,
    Partial<
      Pick<
        SessionOptions,
        | 'random'
        | 'faults'
        | 'spans'
        | 'beforeSync'
        | 'openWatch'
        | 'files'
        | 'createLock'
        | 'pauses'
        | 'readMounts'
      >
    > {
  /** What to do from the start on; asked for once, before anything else. */
  readonly plan: () => Promise<DeliveryPlan>;
  /** Reads the profiles anew, silently, when a server refuses a key. */
  readonly rereadProfiles?: () => Promise<readonly Profile[]>;
  readonly openJournal: () => Promise<Journal>;
  readonly loadObjectStores: LoadObjectStores;
}

/**
 * Loads what opens the stores of these profiles.
 * @param reread reads all profiles anew from their file, when a server refuses a key
 */
export type LoadObjectStores = (
  profiles: readonly Profile[],
  reread?: () => Promise<readonly Profile[]>,
) => Promise<(profile: Profile) => ObjectStore>;

/** Delivery at a glance; files by state are counts of records. */
export interface DeliveryStatus {
  readonly incoming: number;
  readonly processing: number;
  readonly completed: number;
  readonly failed: number;
  /** Of incoming and processing, or not on record yet: neither being uploaded now nor about to be. */
  readonly waiting: number;
  readonly uploading: number;
  /** Files in the spool that are not deliverable as they are (a name, a place); the log says why. */
  readonly refused: number;
  /** Files that lie there and are not taken, by reason. */
  readonly left: readonly DeliveryLeft[];
  /** Whether files may go now: automatically, and the gate is open. */
  readonly syncing: boolean;
  readonly links: readonly EndpointStatus[];
  /** Places that cannot be used just now, with what waits for each. */
  readonly holds: readonly HoldStatus[];
  /** Files that nothing proves to have arrived: delivered and still kept, or acknowledged only. */
  readonly unproven: { readonly files: number; readonly bytes: number };
  readonly throughput: readonly Throughput[];
  /** When the file came into view that has been on its way for longest; null where none is. */
  readonly oldestWaitingAtMs: number | null;
}

/**
 * Delivery as a service of the station: files in `incoming` and in folders reach their buckets.
 *
 *   idle ──start()──▶ running ──stop()──▶ stopped (final)
 *                      │    ▲
 *                      └────┘ reconfigure(): another session in place of the one that runs
 *
 * Calls that change the state go one after the other. What asks for files or records throws `stopping` unless it runs.
 */
export class Delivery implements Service {
  readonly name = 'delivery';
  readonly #options: Required<
    Omit<
      DeliveryOptions,
      'rereadProfiles' | 'faults' | 'spans' | 'files' | 'createLock' | 'pauses' | 'readMounts'
    >
  > &
    DeliveryOptions;
  readonly #changes = new Serializer();
  readonly #undelivered = new UndeliveredFiles({
    context: () => this.#spoolContext(),
    withhold: id => (this.#session ? this.#session.withhold(id) : () => undefined),
  });
  readonly #counts: (filter: string) => number;
  #plan: DeliveryPlan | undefined;
  #journal: Journal | undefined;
  #session: DeliverySession | undefined;
  #stopped = false;

  constructor(options: DeliveryOptions) {
    this.#counts = keepAnswers(
      filter => this.journal.count(JSON.parse(filter) as RecordFilter),
      options.clock,
    );
    this.#options = {
      ...options,
      random: options.random ?? systemRandom,
      openWatch: options.openWatch ?? createWatch,
      beforeSync: options.beforeSync ?? (async () => undefined),
    };
  }

  /** The journal, while it is open: for lists and for the operations on failed files. Throws `stopping` otherwise. */
  get journal(): Journal {
    if (!this.#journal) throw new SluiceError('stopping', 'delivery is not running');
    return this.#journal;
  }

  /**
   * Makes the folders, makes journal and tree agree, takes up `processing`, then `incoming`, then watches.
   * Throws credentials_*, spool_invalid, disk_*, database_*.
   */
  start(): Promise<void> {
    return this.#changes.run(async () => {
      if (this.#session) return;
      if (this.#stopped) throw new SluiceError('stopping', 'delivery is stopped');
      this.#plan ??= await this.#options.plan();
      this.#journal = await this.#options.openJournal();
      try {
        this.#session = await this.#begin(this.#plan);
      } catch (error) {
        await this.#journal.close();
        this.#journal = undefined;
        throw error;
      }
    });
  }

  /**
   * Uploads under way get a few seconds, then they are handed back; all files stay in the spool. May be called again.
   */
  stop(): Promise<void> {
    this.#session?.interrupt();
    return this.#changes.run(async () => {
      this.#stopped = true;
      await this.#session?.stop();
      this.#session = undefined;
      await this.#journal?.close();
      this.#journal = undefined;
    });
  }

  /**
   * Takes over another plan: an equal one disturbs nothing; one that differs only in what single files are sent by
   * (destinations, parts, verification, retries) holds for the next files and disturbs none under way; otherwise what
   * runs is finished or handed back and starts anew. When the new plan cannot start, the old one goes on and the error
   * is thrown.
   * @returns whether anything changed
   */
  reconfigure(plan: DeliveryPlan): Promise<boolean> {
    return this.#changes.run(async () => {
      const before = this.#plan;
      if (before && isSamePlan(plan, before)) return false;
      if (before && this.#session && !this.#session.adopt(plan)) {
        await this.#session.stop();
        try {
          this.#session = await this.#begin(plan);
        } catch (error) {
          this.#session = await this.#begin(before);
          throw error;
        }
      }
      this.#plan = plan;
      return true;
    });
  }

  /** Whether a file is being sent this very moment. @param recordId of its record */
  isUnderWay(recordId: number): boolean {
    return this.#session?.isTried(recordId) ?? false;
  }

  /**
   * Deletes a file that waits undelivered, on record as lost; `not there` while delivery does not run. Throws disk_failed.
   */
  async deleteUndelivered(address: FileAddress): Promise<DeletionOutcome> {
    return this.#journal && this.#plan ? this.#undelivered.delete(address) : 'not there';
  }

  /** Names of the profiles in force. */
  profiles(): readonly string[] {
    return (this.#plan?.profiles ?? []).map(({ name }) => name);
  }

  status(): DeliveryStatus {
    const { incoming, processing, completed, failed } = this.journal.counts();
    const session = this.#session?.status();
    const uploading = session?.uploading ?? 0;
    return {
      incoming,
      processing,
      completed,
      failed,
      waiting: Math.max(0, incoming + processing - uploading) + (session?.unentered ?? 0),
      uploading,
      refused: session?.refused ?? 0,
      left: session?.left ?? [],
      syncing: session?.syncing ?? false,
      links: session?.links ?? [],
      holds: session?.holds ?? [],
      unproven: this.journal.unproven(),
      throughput: session?.throughput ?? [],
      oldestWaitingAtMs: this.journal.oldestWaitingMs() ?? null,
    };
  }

  list(filter: RecordFilter): FileRecord[] {
    return this.journal.list(filter);
  }

  /** How many `list` would answer on all its pages; where counting took long, some time ago. */
  count(filter: Omit<RecordFilter, 'order' | 'reverse' | 'after' | 'offset' | 'limit'>): number {
    return this.#counts(JSON.stringify(filter));
  }

  /** What is wrong with the journal, while it cannot be written; nothing is delivered meanwhile. */
  journalTrouble(): HoldReason | undefined {
    return this.#session?.journalTrouble;
  }

  /** As `Journal.unsettled`. */
  unsettled(lateMs: number): UnsettledFiles[] {
    return this.journal.unsettled(lateMs);
  }

  /** Records that are being tried this very moment. */
  underWay(): FileRecord[] {
    const records = (this.#session?.tried ?? []).map(id => this.journal.byId(id));
    return records.filter(record => record !== undefined);
  }

  /** The endpoint of each profile in force. */
  endpoints(): ReadonlyMap<string, string> {
    return this.#session?.endpoints ?? new Map();
  }

  /** What was sent since the session began, by destination. */
  throughput(): readonly Throughput[] {
    return this.#session?.throughput ?? [];
  }

  /** Places that cannot be used just now. */
  holds(): readonly HoldStatus[] {
    return this.#session?.status().holds ?? [];
  }

  /** Files that failed or are to be tried again, by cause. */
  troubles(): FileTrouble[] {
    return this.journal.troubles();
  }

  /** One record with its attempts, oldest first. Throws `not_found`. */
  record(id: number): { readonly record: FileRecord; readonly attempts: readonly Attempt[] } {
    const record = this.journal.byId(id);
    if (!record) throw new SluiceError('not_found', `there is no delivery ${id}`);
    return { record, attempts: this.journal.attempts(id) };
  }

  /**
   * Delivers all that waits, now, with or without the schedule and whatever the gate says. Resolves when nothing is due
   * any more, or sooner as `patience` has it; rejects with the signal's reason, with `stopping`, or with
   * `host_unreachable` when no endpoint answers.
   */
  async syncNow(signal: AbortSignal, patience?: SyncPatience): Promise<SyncOutcome> {
    if (!this.#session) throw new SluiceError('stopping', 'delivery is not running');
    return this.#session.syncNow(signal, patience);
  }

  /** What `pauses` answers has changed. */
  pausesChanged(): void {
    this.#session?.pausesChanged();
  }

  /**
   * Asks a held place now whether it can be used again, and resolves once it has answered, or one file is on its way to
   * find out. Throws `not_found` for what is not held, `stopping`.
   */
  async probe(place: Place): Promise<void> {
    if (!this.#session) throw new SluiceError('stopping', 'delivery is not running');
    if (!(await this.#session.probe(place)))
      throw new SluiceError('not_found', `${place.kind} ${place.name} is not held, or paused`);
  }

  /** As failed.ts has it; the files go at once. */
  async retryFailed(selection: FailedSelection): Promise<FailedOutcome[]> {
    const outcomes = await retryFailed(this.#spoolContext(), selection);
    this.#session?.wake();
    return outcomes;
  }

  /** As failed.ts has it. */
  async dropFailed(selection: FailedSelection): Promise<FailedOutcome[]> {
    return dropFailed(this.#spoolContext(), selection);
  }

  /** Delivered files that are retained, as what gives way first on a full disk. */
  completedFiles(): Reclaimer {
    const reclaimer = (): Reclaimer =>
      completedFilesReclaimer({ ...this.#spoolContext(), log: this.#options.log });
    return {
      name: 'completed',
      reclaimable: async () => reclaimer().reclaimable(),
      free: async needed => reclaimer().free(needed),
    };
  }

  #spoolContext(): ObjectContext {
    if (!this.#plan) throw new SluiceError('stopping', 'delivery is not running');
    const { root, settings } = this.#plan;
    return { spool: new Spool(root), journal: this.journal, clock: this.#options.clock, settings };
  }

  async #begin(plan: DeliveryPlan): Promise<DeliverySession> {
    const openStore = await this.#options.loadObjectStores(plan.profiles, this.#options.rereadProfiles);
    const session = new DeliverySession(plan, this.journal, openStore, this.#options);
    try {
      await session.start();
      return session;
    } catch (error) {
      await session.stop();
      throw error;
    }
  }
}
