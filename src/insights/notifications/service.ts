import type { Clock } from '../../base/clock.ts';
import type { Service } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Config } from '../../config/schema.ts';
import type { WorkQueue } from '../../engine/queue/work-queue.ts';
import { newWorkerId } from '../../engine/queue/worker-id.ts';
import { Workers } from '../../engine/workers.ts';
import type { Notification } from '../../keep/store/notifications.ts';
import type { Store } from '../../keep/store/store.ts';
import type { Repository } from '../../keep/store/types.ts';
import { NOTIFICATION_KIND, type SyncFailure, scheduleUnsent, tellOfVisit } from './notifier.ts';
import { sendingHandler } from './sending.ts';

export interface NotificationsOptions {
  readonly config: () => Config;
  readonly stores: () => { readonly store: Store; readonly queue: WorkQueue };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** A slow webhook holds up no more than itself. */
const CONCURRENCY = 4;
const PER_CHANNEL = 2;
const DRAIN_MS = 500;
/** What another process raises is rare, and may be told a little later. */
const POLL_MS = 5000;

/** What people are told of tracked repositories (P12), as a part of the station: raised by visits, sent by workers of its own. */
export class Notifications implements Service {
  readonly name = 'notifications';
  readonly #options: NotificationsOptions;
  #workers: Workers | undefined;

  constructor(options: NotificationsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#workers) return;
    const { config, stores, clock, random, log } = this.#options;
    const { store, queue } = stores();
    await scheduleUnsent({ store, queue, clock });
    const handler = sendingHandler({ store, clock, notify: () => config().notify });
    const workers = new Workers({
      name: 'notification workers',
      queue,
      clock,
      random,
      log,
      worker: newWorkerId(),
      handlers: new Map([[NOTIFICATION_KIND, handler]]),
      concurrency: CONCURRENCY,
      perGroup: PER_CHANNEL,
      timing: { drainMs: DRAIN_MS, pollMs: POLL_MS },
    });
    await workers.start();
    this.#workers = workers;
  }

  async stop(): Promise<void> {
    await this.#workers?.stop();
  }

  /** Raises what a sync of a tracked repository gives cause to report. */
  async synced(repository: Repository, failure: SyncFailure | undefined): Promise<void> {
    const { config, stores, clock, log } = this.#options;
    await tellOfVisit(repository, failure, { ...stores(), clock, log, notify: config().notify });
  }

  /** Newest first. */
  recent(limit: number): Promise<Notification[]> {
    return this.#options.stores().store.notifications.recent(limit);
  }
}
