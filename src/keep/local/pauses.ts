/** What can be paused: a profile, one of its buckets, or whatever is asked of a host. */
export const PAUSABLE = ['profile', 'bucket', 'host'] as const;

/** What a pause is of. */
export interface Pausable {
  readonly kind: (typeof PAUSABLE)[number];
  /** Of a profile or host; of a bucket `profile/bucket`. */
  readonly name: string;
}

/** Something that somebody paused: what needs it waits until somebody resumes it. */
export interface Pause extends Pausable {
  readonly sinceMs: number;
}

/**
 * Pauses, in this machine's own database: they outlast the station. Methods may throw `database_*` and `disk_full`, and
 * have then changed nothing.
 */
export interface PauseStore {
  /** Oldest first. */
  list(): Pause[];
  /** One that is there already stays as it is. */
  add(pause: Pause): Promise<void>;
  /** One that is not there is no error. */
  remove(what: Pausable): Promise<void>;
  /** May be repeated. */
  close(): Promise<void>;
}
