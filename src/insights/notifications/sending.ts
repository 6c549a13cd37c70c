import type { Clock } from '../../base/clock.ts';
import type { Config } from '../../config/schema.ts';
import type { FailedWork, WorkHandler, WorkOutcome } from '../../engine/queue/handler.ts';
import type { Claim } from '../../engine/queue/work-queue.ts';
import type { RetrySchedule } from '../../engine/retry.ts';
import type { Notification } from '../../keep/store/notifications.ts';
import type { Store } from '../../keep/store/store.ts';
import { runCommand } from './command.ts';
import { sendingOf } from './notifier.ts';
import type { SentNotification } from './sent.ts';
import { postWebhook } from './webhook.ts';

/** Ten tries over some three hours; then it is given up, and its row says why. */
const RETRY: RetrySchedule = {
  firstMs: 30_000,
  factor: 2,
  maxMs: 3_600_000,
  maxRetries: 9,
  jitter: 0.2,
  permanent: 'give-up',
};

export interface SendingTools {
  readonly store: Store;
  readonly clock: Clock;
  readonly notify: () => Config['notify'];
}

/** Sends one notification by one way. At least once: a crash between the sending and its record repeats it, under the same id. */
export function sendingHandler(tools: SendingTools): WorkHandler {
  return {
    retry: RETRY,
    run: (claim, signal) => send(claim, signal, tools),
    onFailure: failure => recordEnd(failure, tools),
  };
}

async function send(claim: Claim, signal: AbortSignal, tools: SendingTools): Promise<WorkOutcome> {
  const { store, clock } = tools;
  const { id, channel } = sendingOf(claim.key);
  const notification = await store.notifications.byId(id);
  if (!notification) return { nextAtMs: null, reason: 'no longer known' };
  const done = await sendBy(channel, sentForm(notification), tools.notify(), signal);
  await store.notifications.endSending(id, channel, done ? null : 'no longer configured', clock.nowMs());
  return { nextAtMs: null, reason: 'sent' };
}

/** @returns false when the configuration does not have that way any more */
async function sendBy(
  channel: string,
  sent: SentNotification,
  { webhook, command, timeoutMs }: Config['notify'],
  signal: AbortSignal,
): Promise<boolean> {
  if (channel === 'webhook' && webhook !== undefined) {
    await postWebhook(webhook, sent, { timeoutMs, signal });
    return true;
  }
  const [program, ...args] = command;
  if (channel !== 'command' || program === undefined) return false;
  await runCommand({ program, args }, sent, { timeoutMs, signal });
  return true;
}

async function recordEnd(
  { claim, error, decision }: FailedWork,
  { store, clock }: SendingTools,
): Promise<void> {
  if (!('giveUp' in decision)) return;
  const { id, channel } = sendingOf(claim.key);
  await store.notifications.endSending(id, channel, error.message, clock.nowMs());
}

function sentForm({ id, event, url, message, raisedAtMs }: Notification): SentNotification {
  return { id, event, repository: url, message, raisedAt: new Date(raisedAtMs).toISOString() };
}
