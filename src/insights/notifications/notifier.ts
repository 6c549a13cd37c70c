import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Config } from '../../config/schema.ts';
import type { WorkQueue } from '../../engine/queue/work-queue.ts';
import type { Notification } from '../../keep/store/notifications.ts';
import type { Store } from '../../keep/store/store.ts';
import type { Repository } from '../../keep/store/types.ts';
import { whatToTell } from './rule.ts';

/** The kind under which sendings stand on the schedule. */
export const NOTIFICATION_KIND = 'notification';

/** Ways out besides the log. */
export type Channel = 'webhook' | 'command';

export interface NotifierTools {
  readonly store: Store;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly log: Logger;
  readonly notify: Config['notify'];
}

/** How a sync failed: its error's words, and how many failed in a row. */
export interface SyncFailure {
  readonly message: string;
  readonly inARow: number;
}

/** The ways out that a configuration opens. */
export function channelsOf({ webhook, command }: Config['notify']): readonly Channel[] {
  return [
    ...(webhook === undefined ? [] : (['webhook'] as const)),
    ...(command.length === 0 ? [] : (['command'] as const)),
  ];
}

/**
 * Raises what a visit to a tracked repository gives cause to tell: into the log at once, onto the schedule for
 * the ways out. Each is raised once, however often this is called, restarts included.
 */
export async function tellOfVisit(
  repository: Repository,
  failure: SyncFailure | undefined,
  tools: NotifierTools,
): Promise<readonly Notification[]> {
  const { store, clock, notify } = tools;
  const nowMs = clock.nowMs();
  const { lastCommitAt } = repository.totals;
  const sighting = {
    nowMs,
    lastCommitAtMs: lastCommitAt === null ? null : lastCommitAt * 1000,
    lastNewsAtMs: repository.lastNewsAtMs,
    failure,
  };
  const raised: Notification[] = [];
  for (const told of whatToTell(sighting, await store.notifications.notices(repository.id), notify)) {
    const asked = { repositoryId: repository.id, ...told, channels: channelsOf(notify) };
    const notification = await store.notifications.raise(asked, nowMs);
    if (!notification) continue;
    raised.push(notification);
    logged(notification, tools.log);
    for (const channel of asked.channels) await schedule(notification.id, channel, tools);
  }
  return raised;
}

/** Puts on the schedule what has been raised and not sent: a process that was killed may have left it off. */
export async function scheduleUnsent(tools: Pick<NotifierTools, 'store' | 'queue' | 'clock'>): Promise<void> {
  for (const { id, channel } of await tools.store.notifications.unsent()) await schedule(id, channel, tools);
}

/** What a key of the schedule is about. */
export function sendingOf(key: string): { readonly id: number; readonly channel: string } {
  const [, id, channel = ''] = key.split(':');
  return { id: Number(id), channel };
}

async function schedule(
  id: number,
  channel: string,
  { queue, clock }: Pick<NotifierTools, 'queue' | 'clock'>,
): Promise<void> {
  await queue.put(`${NOTIFICATION_KIND}:${id}:${channel}`, {
    kind: NOTIFICATION_KIND,
    group: `${NOTIFICATION_KIND}:${channel}`,
    runAtMs: clock.nowMs(),
    reason: 'raised',
    ifAbsent: true,
  });
}

function logged({ event, url, message, id }: Notification, log: Logger): void {
  const about = { target: url, event, notification: id };
  if (event === 'stale' || event === 'failing') log.warn(about, message);
  else log.info(about, message);
}
