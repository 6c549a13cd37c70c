import type { Notification } from '../../keep/store/notifications.ts';

/** What leaves the station: the same for webhooks and commands. */
export interface NotificationPayload {
  /** The same at every try: who has seen it may pass over it. */
  readonly id: number;
  readonly event: Notification['event'];
  readonly repository: string;
  readonly message: string;
  /** ISO 8601. */
  readonly raisedAt: string;
}

/** How long one try to send it may take. */
export interface SendingLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export function payloadOf({ id, event, url, message, raisedAtMs }: Notification): NotificationPayload {
  return { id, event, repository: url, message, raisedAt: new Date(raisedAtMs).toISOString() };
}
