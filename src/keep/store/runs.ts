import type { SluiceError } from '../../base/errors.ts';
import type { Run } from './types.ts';

/**
 * Bakes, from request to end. Methods may fail with `database_busy`, `database_invalid` or `disk_full`, having changed
 * nothing.
 */
export interface RunStore {
  /** A waiting run for the repository: the one already waiting, if there is one, else a new one. */
  request(repositoryId: number, reason: string, nowMs: number): Promise<Run>;
  /**
   * Marks the waiting run as running, or makes a running one if none waits. The caller holds the repository's
   * claim, so a run still marked as running was left by a dead process: it is the one that is run now.
   */
  start(repositoryId: number, reason: string, nowMs: number): Promise<Run>;
  /**
   * Ends a run, and with it those that were asked for before it began, which it has answered. One that was interrupted
   * (`stopping`) waits again, under its own number; one whose claim was lost (`lease_lost`) is left to whoever has that.
   */
  finish(
    id: number,
    end: { readonly summary: string } | { readonly error: SluiceError },
    nowMs: number,
  ): Promise<void>;
  byId(id: number): Promise<Run | undefined>;
  /** The run of a repository that has been asked for and not begun. */
  waiting(repositoryId: number): Promise<Run | undefined>;
  /** Newest first; of those with a lower number than `beforeId`, where that is given. */
  recent(limit: number, beforeId?: number): Promise<Run[]>;
}
