import type { SluiceError } from '../../base/errors.ts';
import type { Run } from './types.ts';

/** How a run went: what `bake --json` prints, as JSON, or why not. */
export type EndOfRun = { readonly summary: string } | { readonly error: SluiceError };

/**
 * Bakes, from request to beginning; their end is a change of the store (`endRun`), made as their claim is settled. Methods may fail with `database_busy`, `database_invalid` or `disk_full`, having changed
 * nothing.
 */
export interface RunStore {
  /** A waiting run for the repository: the one already waiting, if there is one, else a new one. */
  request(repositoryId: number, reason: string, nowMs: number): Promise<Run>;
  /**
   * Marks the waiting run as running, or makes a running one if none waits. The caller holds the repository's
   * claim, so a run still marked as running was left by a dead process: it is the one that is run now.
   * @param claim the claim's token: where that is lost, nothing changes (`lease_lost`)
   */
  start(repositoryId: number, reason: string, nowMs: number, claim?: number): Promise<Run>;
  byId(id: number): Promise<Run | undefined>;
  /** The run of a repository that has been asked for and not begun. */
  waiting(repositoryId: number): Promise<Run | undefined>;
  /** Newest first; of those with a lower number than `beforeId`, where that is given. */
  recent(limit: number, beforeId?: number): Promise<Run[]>;
}
