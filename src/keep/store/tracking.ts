import type { TrackingOrigin } from './types.ts';

/** Who wants which repositories kept fresh. `Repository.tracked` and `trackedBy` follow in the same transaction. */
export interface TrackingStore {
  /** Notes that `origin` wants a repository kept fresh. May be repeated. @returns whether it did not before */
  add(repositoryId: number, origin: TrackingOrigin, nowMs: number): Promise<boolean>;
  /** Takes origins off a repository. May be repeated. @returns whether it is tracked no more, and was before */
  remove(repositoryId: number, origins: readonly TrackingOrigin[]): Promise<boolean>;
  /** Makes what one origin wants exactly these repositories. */
  replace(origin: TrackingOrigin, repositoryIds: readonly number[], nowMs: number): Promise<TrackingChange>;
  /** Every origin that wants something now. */
  origins(): Promise<TrackingOrigin[]>;
}

/** Ids of repositories that are tracked since, and of those that are no more (nobody else wants them). */
export interface TrackingChange {
  readonly began: readonly number[];
  readonly ended: readonly number[];
}
