import type { SluiceError } from '../../base/errors.ts';
import type { WorkStep } from '../../base/spans.ts';
import type { StoreChange } from '../../keep/store/change.ts';
import type { RetryDecision, RetrySchedule } from '../retry.ts';
import type { Claim, NextRun } from './work-queue.ts';

/** Does the work of one kind. */
export interface WorkHandler {
  /**
   * Does one piece of work. It may be done twice (see `WorkQueue`). Once `signal` aborts it stops soon, leaving nothing
   * half done, and throws; the signal's reason is a SluiceError: `stopping`, `lease_lost`, or `cancelled` when the
   * item has been taken off the schedule. What it throws otherwise is a failure, and `retry` says what follows.
   */
  run(claim: Claim, signal: AbortSignal): Promise<WorkOutcome>;
  readonly retry: RetrySchedule;
  /**
   * Called with each failure and what was decided, before the queue settles it: the place to record the attempt
   * and, when given up, to move the work's subject to where failed ones go. May be called twice for one
   * failure (a crash in between). What it throws is logged; the decision stands.
   */
  onFailure?(failure: FailedWork): Promise<void>;
}

export type WorkOutcome =
  /** Done. Next at that time, or never again when null. A lost claim changes nothing, `changes` included. */
  | (NextRun & { readonly steps?: readonly WorkStep[] | undefined })
  | PostponedWork
  /** As if it were thrown, but with what the store keeps of it, which is changed with the claim's end, or not at all. */
  | { readonly thrown: unknown; readonly changes: readonly StoreChange[] };

/** Not done and not failed: an endpoint is offline, a budget is used up. Counts as no attempt. */
export interface PostponedWork {
  readonly postponedToMs: number;
  readonly reason: string;
  readonly changes?: readonly StoreChange[];
}

export interface FailedWork {
  readonly claim: Claim;
  readonly error: SluiceError;
  readonly decision: RetryDecision;
}

/** How a claim ended, for metrics and status. */
export interface EndedWork {
  readonly claim: Claim;
  readonly ending: 'done' | 'postponed' | 'failed' | 'gave up' | 'handed back' | 'lost';
  readonly durationMs: number;
  readonly error?: SluiceError;
  /** What it consisted of, where that was noted. */
  readonly steps?: readonly WorkStep[] | undefined;
}
