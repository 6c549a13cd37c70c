/** What a repository is known for until the opposite is raised. */
export type Notice = 'stale' | 'failing';

/** Each notice has an event that begins it and one that ends it. */
export type NotificationEvent = 'stale' | 'awake' | 'failing' | 'recovered';

export interface Notification {
  /** Sent along with it: who has seen an id may pass over it. */
  readonly id: number;
  readonly repositoryId: number;
  readonly url: string;
  readonly event: NotificationEvent;
  /** One line for people. */
  readonly message: string;
  readonly raisedAtMs: number;
}

export interface NewNotification {
  readonly repositoryId: number;
  readonly event: NotificationEvent;
  readonly message: string;
  /** Ways out that it is to be sent by; none when it is only logged. */
  readonly channels: readonly string[];
}

/**
 * What people are notified of about repositories, and what became of it. Methods may fail with `database_busy`,
 * `database_invalid` or `disk_full`, having changed nothing.
 */
export interface NotificationStore {
  /** The notices that a repository is under, and since when. */
  notices(repositoryId: number): Promise<ReadonlyMap<Notice, number>>;
  /**
   * Raises a notification and begins or ends its notice, in one transaction.
   * @returns it; undefined when its notice stood so already, so that it is never raised twice
   */
  raise(notification: NewNotification, nowMs: number): Promise<Notification | undefined>;
  byId(id: number): Promise<Notification | undefined>;
  /** Ends a sending: done, or given up with an error. */
  endSending(id: number, channel: string, error: string | null, nowMs: number): Promise<void>;
  /** Sendings that have not ended, oldest first. */
  unsent(): Promise<{ readonly id: number; readonly channel: string }[]>;
  /** Newest first; of those with a lower number than `beforeId`, where that is given. */
  recent(limit: number, beforeId?: number): Promise<Notification[]>;
}
