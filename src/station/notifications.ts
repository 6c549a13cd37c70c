import type { Clock } from '../base/clock.ts';
import type { Part } from '../base/lifecycle.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Config } from '../config/schema.ts';
import type { Work } from '../engine/work/work.ts';
import { newWorkerId } from '../engine/work/worker-id.ts';
import { Workers } from '../engine/workers.ts';
import type { Visited } from '../gather/repos/handler.ts';
import { NOTIFICATION_KIND, scheduleUnsent, tellOfVisit } from '../insights/notifications/notifier.ts';
import { sendingHandler } from '../insights/notifications/sending.ts';
import type { Notification } from '../keep/store/notifications.ts';
import type { Store } from '../keep/store/store.ts';

export interface NotificationsOptions {
  readonly config: () => Config;
  readonly keep: () => { readonly store: Store; readonly work: Work };
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
export class Notifications implements Part {
  readonly name = 'notifications';
  readonly #options: NotificationsOptions;
  #workers: Workers | undefined;

  constructor(options: NotificationsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#workers) return;
    const { config, keep, clock, random, log } = this.#options;
    const { store, work } = keep();
    await scheduleUnsent({ store, work, clock });
    const handler = sendingHandler({ store, clock, notify: () => config().notify });
    const workers = new Workers({
      name: 'notification workers',
      work,
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

  /** Raises what a visit gives cause to tell. */
  async visited({ repository, failure }: Visited): Promise<void> {
    const { config, keep, clock, log } = this.#options;
    const told = failure && { message: failure.error.message, inARow: failure.inARow };
    await tellOfVisit(repository, told, { ...keep(), clock, log, notify: config().notify });
  }

  /** Newest first. */
  recent(limit: number): Promise<Notification[]> {
    return this.#options.keep().store.notifications.recent(limit);
  }
}
