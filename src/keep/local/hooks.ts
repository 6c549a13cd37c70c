/** After what a command is run: a file is delivered, or was given up. */
export type HookEvent = 'delivered' | 'failed';

/** A command that is to be run for a file. */
export interface HookRun {
  readonly id: number;
  readonly recordId: number;
  readonly event: HookEvent;
  /** Tries that failed. */
  readonly failures: number;
}

/**
 * Commands that are to be run after deliveries, in the journal's own database: a run is put down in the same transaction
 * as the change of the file's state that it follows on. Methods may throw `database_*` and `disk_full`, and have then
 * changed nothing.
 */
export interface HookQueue {
  /** From now on runs are put down after these events; those of others that wait are dropped. */
  want(events: readonly HookEvent[]): Promise<void>;
  /** Runs whose time has come, oldest first, less those with these ids. */
  due(nowMs: number, limit: number, without: readonly number[]): HookRun[];
  /** When the next run is due; undefined where none waits. */
  nextDueMs(): number | undefined;
  /** How many wait. */
  count(): number;
  /** A run is over: done, or given up. One that is not there is no error. */
  end(id: number): Promise<void>;
  /** A try failed; the next one is at that time. */
  postpone(id: number, nextAtMs: number): Promise<void>;
}
