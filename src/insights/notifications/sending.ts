import type { Clock } from '../../base/clock.ts';
import type { SluiceError } from '../../base/errors.ts';
import type { FaultBoard } from '../../base/ongoing-faults.ts';
import type { Config } from '../../config/schema.ts';
import type { WorkHandler } from '../../engine/queue/handler.ts';
import type { WorkQueue } from '../../engine/queue/work-queue.ts';
import type { RetrySchedule } from '../../engine/retry.ts';
import type { NotificationStore } from '../../keep/store/notifications.ts';
import { sendByCommand } from './command.ts';
import { payloadOf, type SentPayload, slackMessageOf } from './payload.ts';
import { postWebhook } from './webhook.ts';

/** The kind under which sendings stand on the schedule. */
export const NOTIFICATION_KIND = 'notification';

/** Ways out besides the log. */
type Channel = 'webhook' | 'command';

/** Ten tries over some three hours; then it is given up, and its row says why. */
export const NOTIFICATION_RETRY: RetrySchedule = {
  firstMs: 30_000,
  factor: 2,
  maxMs: 3_600_000,
  maxRetries: 9,
  jitter: 0.2,
  permanent: 'give-up',
};

const CHANNELS: readonly Channel[] = ['webhook', 'command'];

/** Under which name it is told that nothing goes out by a channel. */
export function sendingFault(channel: string): string {
  return `notifications by ${channel}`;
}

/** What was to be sent by a channel has not arrived: who relies on it hears nothing. */
export function reportSendingFailed(
  channel: string,
  error: SluiceError,
  faults: FaultBoard | undefined,
): void {
  faults?.begin(sendingFault(channel), error, {
    words: `nobody is told by ${channel}`,
    hint: 'Check notify.webhook and notify.command in sluice.yaml.',
    isTriedAgain: true,
  });
}

/** A channel that nobody configures any more is none that fails. */
export function endUnconfigured(notify: Config['notify'], faults: FaultBoard | undefined): void {
  const open = channelsOf(notify);
  for (const channel of CHANNELS) if (!open.includes(channel)) faults?.end(sendingFault(channel));
}

/** The ways out that a configuration opens. */
export function channelsOf({ webhook, command }: Config['notify']): readonly Channel[] {
  const channels: Channel[] = [];
  if (webhook !== undefined) channels.push('webhook');
  if (command.length > 0) channels.push('command');
  return channels;
}

/** Puts a sending on the schedule, due at once, unless it stands there already. */
export async function scheduleSending(
  id: number,
  channel: string,
  queue: WorkQueue,
  nowMs: number,
): Promise<void> {
  await queue.put(`${NOTIFICATION_KIND}:${id}:${channel}`, {
    kind: NOTIFICATION_KIND,
    group: `${NOTIFICATION_KIND}:${channel}`,
    runAtMs: nowMs,
    reason: 'raised',
    ifAbsent: true,
  });
}

/** What a key of the schedule means: which notification, by which channel. */
function sendingOf(key: string): { readonly id: number; readonly channel: string } {
  const [, id, channel = ''] = key.split(':');
  return { id: Number(id), channel };
}

/**
 * Sends one notification by one channel. At least once: a crash between the sending and its record repeats it, under
 * the same id.
 */
export function sendingHandler(
  notifications: NotificationStore,
  clock: Clock,
  notify: () => Config['notify'],
  faults?: FaultBoard,
): WorkHandler {
  return {
    retry: NOTIFICATION_RETRY,
    async run({ key }, signal) {
      const { id, channel } = sendingOf(key);
      const notification = await notifications.byId(id);
      if (!notification) return { nextAtMs: null, reason: 'no longer known' };
      const isSent = await sendBy(channel, payloadOf(notification), notify(), signal);
      faults?.end(sendingFault(channel));
      await notifications.endSending(id, channel, isSent ? null : 'no longer configured', clock.nowMs());
      return { nextAtMs: null, reason: 'sent' };
    },
    async onFailure({ claim, error, decision }) {
      const { id, channel } = sendingOf(claim.key);
      reportSendingFailed(channel, error, faults);
      if (!('giveUp' in decision)) return;
      await notifications.endSending(id, channel, error.message, clock.nowMs());
    },
  };
}

/**
 * Sends a payload by a way out. Throws `notification_refused`, `notification_failed`, the signal's reason.
 * @returns false when the configuration does not have that channel any more
 */
export async function sendBy(
  channel: string,
  payload: SentPayload,
  { webhook, webhookFormat, command, timeoutMs }: Config['notify'],
  signal: AbortSignal,
): Promise<boolean> {
  if (channel === 'webhook' && webhook !== undefined) {
    const body = webhookFormat === 'slack' ? slackMessageOf(payload) : payload;
    await postWebhook(webhook, body, { timeoutMs, signal });
    return true;
  }
  const [program, ...args] = command;
  if (channel !== 'command' || program === undefined) return false;
  await sendByCommand({ program, args }, payload, { timeoutMs, signal });
  return true;
}
