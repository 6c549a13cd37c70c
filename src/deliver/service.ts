import type { Clock } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import type { Service } from '../base/lifecycle.ts';
import type { Logger } from '../base/log.ts';
import type { Config } from '../config/schema.ts';
import type { ObjectStore } from '../keep/buckets/bucket.ts';
import type { Profile } from '../keep/buckets/object-store-definition.ts';
import { findProfiles } from '../keep/buckets/profiles.ts';
import type { Reclaimer } from '../keep/disk/budget.ts';
import type { Attempt, FileRecord, FileTrouble, Journal, RecordFilter } from '../keep/local/journal.ts';
import { Delivery, type DeliveryStatus } from './delivery.ts';
import {
  dropFailed,
  type FailedContext,
  type FailedOutcome,
  type FailedSelection,
  retryFailed,
} from './failed.ts';
import { keptFiles } from './kept-files.ts';
import type { DeliveryPlan } from './plan.ts';
import { planFrom } from './settings-from.ts';
import { Spool } from './spool/spool.ts';
import type { SyncOutcome } from './sync-now.ts';

/** What opens the things that delivery stands on; the composition root knows which they are. */
export interface DeliveryOpeners {
  readonly openJournal: (path: string) => Promise<Journal>;
  /** Loads what opens the stores of these profiles. */
  readonly loadObjectStores: (profiles: readonly Profile[]) => Promise<(profile: Profile) => ObjectStore>;
}

export interface DeliveriesOptions extends DeliveryOpeners {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly log: Logger;
  /** Awaited before each sync. */
  readonly beforeSync?: (manual: boolean) => Promise<void>;
}

/** Delivery as a part of the station: finds the profiles first (F22), then runs what they and the configuration ask for. */
export class Deliveries implements Service {
  readonly name = 'delivery';
  readonly #options: DeliveriesOptions;
  #config: Config;
  #profiles: readonly Profile[] = [];
  #openStore: ((profile: Profile) => ObjectStore) | undefined;
  #delivery: Delivery | undefined;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  async start(): Promise<void> {
    if (this.#delivery) return;
    const { clock, log, openJournal, beforeSync } = this.#options;
    const delivery = new Delivery({
      plan: await this.#plan(this.#config),
      openJournal: () => openJournal(this.#config.database),
      openStore: profile => this.#opened(profile),
      clock,
      log,
      ...(beforeSync ? { beforeSync } : {}),
    });
    await delivery.start();
    this.#delivery = delivery;
  }

  async stop(): Promise<void> {
    await this.#delivery?.stop();
    this.#delivery = undefined;
  }

  /** Takes over another configuration (V8), the credentials file read anew. */
  async reconfigure(config: Config): Promise<void> {
    const plan = await this.#plan(config);
    this.#config = config;
    await this.#delivery?.reconfigure(plan);
  }

  /** Names of the profiles in force. */
  profiles(): readonly string[] {
    return this.#profiles.map(({ name }) => name);
  }

  status(): DeliveryStatus {
    return this.#running.status();
  }

  list(filter: RecordFilter): FileRecord[] {
    return this.#running.journal.list(filter);
  }

  /** Files that failed or are to be tried again, by cause. */
  troubles(): FileTrouble[] {
    return this.#running.journal.troubles();
  }

  /** One record with its attempts, oldest first. Throws `not_found`. */
  record(id: number): { readonly record: FileRecord; readonly attempts: readonly Attempt[] } {
    const { journal } = this.#running;
    const record = journal.byId(id);
    if (!record) throw new SluiceError('not_found', `there is no delivery ${id}`);
    return { record, attempts: journal.attempts(id) };
  }

  syncNow(signal: AbortSignal): Promise<SyncOutcome> {
    return this.#running.syncNow(signal);
  }

  async retryFailed(selection: FailedSelection): Promise<FailedOutcome[]> {
    const outcomes = await retryFailed(this.#failedContext(), selection);
    this.#running.wake();
    return outcomes;
  }

  dropFailed(selection: FailedSelection): Promise<FailedOutcome[]> {
    return dropFailed(this.#failedContext(), selection);
  }

  /** Delivered files that are kept, as something that gives way on a full disk (capture.md, S4). */
  kept(): Reclaimer {
    const lazily = (): Reclaimer => keptFiles({ ...this.#failedContext(), log: this.#options.log });
    return {
      name: 'completed',
      reclaimableBytes: async () => lazily().reclaimableBytes(),
      free: async bytes => lazily().free(bytes),
    };
  }

  /** The journal while delivery runs. */
  journal(): Journal | undefined {
    return this.#delivery?.journal;
  }

  #failedContext(): FailedContext {
    const { clock } = this.#options;
    return { spool: new Spool(this.#config.deliver.directory), journal: this.#running.journal, clock };
  }

  get #running(): Delivery {
    if (!this.#delivery) throw new SluiceError('stopping', 'delivery is not running');
    return this.#delivery;
  }

  async #plan(config: Config): Promise<DeliveryPlan> {
    const { env, log, loadObjectStores } = this.#options;
    this.#profiles = await findProfiles({
      credentials: config.deliver.credentials,
      onlyCredentials: config.deliver.onlyCredentials,
      environment: env,
      root: config.deliver.directory,
      log,
    });
    this.#openStore = await loadObjectStores(this.#profiles);
    return planFrom(config, this.#profiles);
  }

  #opened(profile: Profile): ObjectStore {
    if (!this.#openStore) throw new SluiceError('internal', 'a store was asked for before any plan');
    return this.#openStore(profile);
  }
}
