import type { Notification } from '../../keep/store/notifications.ts';

/** What leaves the station: the same for webhooks and commands. */
export interface SentNotification {
  /** The same at every try: who has seen it may pass over it. */
  readonly id: number;
  readonly event: Notification['event'];
  readonly repository: string;
  readonly message: string;
  /** ISO 8601. */
  readonly raisedAt: string;
}

/** How long a sending may take. */
export interface Limits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}
