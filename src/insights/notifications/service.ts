import type { Clock } from '../../base/clock.ts';
import type { Service } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import type { FaultBoard } from '../../base/ongoing-faults.ts';
import type { Random } from '../../base/random.ts';
import type { Config } from '../../config/schema.ts';
import type { WorkQueue } from '../../engine/queue/work-queue.ts';
import { Workers } from '../../engine/workers.ts';
import type { Notification } from '../../keep/store/notifications.ts';
import type { Store } from '../../keep/store/store.ts';
import type { Repository } from '../../keep/store/types.ts';
import { dueNotifications, type SyncFailure } from './due.ts';
import { channelsOf, NOTIFICATION_KIND, scheduleSending, sendingHandler } from './sending.ts';

export interface NotificationsOptions {
  readonly config: () => Config;
  readonly stores: () => { readonly store: Store; readonly queue: WorkQueue };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly faults?: FaultBoard;
}

/** A slow webhook holds up no more than itself. */
const CONCURRENCY = 4;
const PER_CHANNEL = 2;
const DRAIN_MS = 500;
/** What another process raises is rare, and may be sent a little later. */
const POLL_MS = 5000;

/**
 * Notifications about tracked repositories: raised by their syncs, into the log at once, and sent by workers of its
 * own.
 *
 *   idle ──start()──▶ sending ──stop()──▶ stopped
 */
export class Notifications implements Service {
  readonly name = 'notifications';
  readonly #options: NotificationsOptions;
  #workers: Workers | undefined;

  constructor(options: NotificationsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#workers) return;
    const { config, stores, clock, random, log, faults } = this.#options;
    const { store, queue } = stores();
    // A process that was killed may have left what it raised off the schedule.
    for (const { id, channel } of await store.notifications.unsent()) {
      await scheduleSending(id, channel, queue, clock.nowMs());
    }
    const workers = new Workers({
      name: 'notification workers',
      queue,
      clock,
      random,
      log,
      handlers: new Map([
        [NOTIFICATION_KIND, sendingHandler(store.notifications, clock, () => config().notify, faults)],
      ]),
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

  /**
   * Raises what a sync of a tracked repository gives cause to: each notification once, however often this is called,
   * restarts included. May be called before `start`, and after `stop` while the store is open.
   * @param repository as it is after the sync
   * @param failure of the sync; undefined when it succeeded
   * @returns what was raised
   */
  async raiseAfterSync(
    repository: Repository,
    failure: SyncFailure | undefined,
  ): Promise<readonly Notification[]> {
    const { config, stores, clock, log } = this.#options;
    const { store, queue } = stores();
    const { notify } = config();
    const nowMs = clock.nowMs();
    const { lastCommitAt } = repository.totals;
    const activity = {
      nowMs,
      lastCommitAtMs: lastCommitAt === null ? null : lastCommitAt * 1000,
      lastNewsAtMs: repository.lastNewsAtMs,
      failure,
    };
    const channels = channelsOf(notify);
    const raised: Notification[] = [];
    const notices = await store.notifications.notices(repository.id);
    for (const { event, message } of dueNotifications(activity, notices, notify)) {
      const wanted = { repositoryId: repository.id, event, message, channels };
      const notification = await store.notifications.raise(wanted, nowMs);
      if (!notification) continue;
      raised.push(notification);
      logRaised(notification, log);
      for (const channel of channels) await scheduleSending(notification.id, channel, queue, clock.nowMs());
    }
    return raised;
  }

  /** Newest first. */
  recent(limit: number, beforeId?: number): Promise<Notification[]> {
    return this.#options.stores().store.notifications.recent(limit, beforeId);
  }
}

function logRaised({ event, url, message, id }: Notification, log: Logger): void {
  const about = { target: url, event, notification: id };
  if (event === 'stale' || event === 'failing') log.warn(about, message);
  else log.info(about, message);
}
