/** Something that people are alerted of while it lasts. */
export interface Alert {
  /** What it is about: `place bucket p/b`, `failed`, `disk /srv`. */
  readonly key: string;
  /** One line for people. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

export interface BegunAlert extends Alert {
  readonly beganAtMs: number;
}

/** A message about an alert that is still to be sent by a channel. */
export interface AlertSending {
  readonly id: number;
  readonly channel: string;
  readonly payload: Readonly<Record<string, unknown>> & { readonly event: string; readonly message: string };
  /** Tries that failed. */
  readonly failures: number;
}

/**
 * Alerts and what is to be sent of them, in this machine's own database: they are about its disks and links. Methods may
 * throw `database_*` and `disk_full`, and have then changed nothing.
 */
export interface AlertStore {
  /** Those that last, by key. */
  active(): ReadonlyMap<string, BegunAlert>;
  /** Begins and ends alerts and puts down what is to be sent of it, in one transaction. */
  change(change: {
    readonly begun: readonly BegunAlert[];
    readonly ended: readonly string[];
    readonly sendings: readonly Omit<AlertSending, 'id' | 'failures'>[];
    readonly nowMs: number;
  }): Promise<void>;
  /** Sendings whose time has come, oldest first. */
  due(nowMs: number, limit: number): AlertSending[];
  /** A sending is over: sent, or given up. One that is not there is no error. */
  end(id: number): Promise<void>;
  /** A try failed; the next one is at that time. */
  postpone(id: number, nextAtMs: number): Promise<void>;
  /** May be repeated. */
  close(): Promise<void>;
}
