import type { Clock } from '../../base/clock.ts';
import { asSluiceError, SluiceError, toErrorRecord } from '../../base/errors.ts';
import { type Lease, underLease } from '../../base/lease.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import { formatDuration } from '../../base/units.ts';
import type { StoreChange } from '../../keep/store/change.ts';
import { nextTry } from '../retry.ts';
import type { EndedWork, FailedWork, WorkHandler, WorkOutcome } from './handler.ts';
import type { Claim, Settlement, WorkQueue } from './work-queue.ts';

/**
 * One claim being worked on:
 *
 *   working ──handler returns or throws──▶ settling ──the queue has taken it──▶ over
 *      │ abort(reason)                        ▲   │ the queue fails: again after a wait
 *      └──handler throws: handed back─────────┘   └── abandon(): over, the lease will end
 */

export interface RunningClaimOptions {
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly handler: WorkHandler;
  /** Of the claim, kept by whoever keeps the claim alive. */
  readonly lease: Lease;
  readonly onEnd: (ended: EndedWork) => void;
}

type Ending = Pick<EndedWork, 'ending' | 'error' | 'steps'> & { readonly settle: () => Promise<Settlement> };

const FIRST_SETTLE_WAIT_MS = 100;
const LONGEST_SETTLE_WAIT_MS = 10_000;

export class RunningClaim {
  readonly claim: Claim;
  /** By `Clock.monotonicMs`. */
  readonly startedMs: number;
  /** Resolves when it is over. Never rejects. */
  readonly over: Promise<void>;
  readonly #options: RunningClaimOptions;
  readonly #stop = new AbortController();
  readonly #abandoned = new AbortController();

  /** Starts the handler. */
  constructor(claim: Claim, options: RunningClaimOptions) {
    this.claim = claim;
    this.#options = options;
    this.startedMs = options.clock.monotonicMs();
    this.over = this.#run();
  }

  /** Asks the handler to stop; what it has not done is handed back. The first reason holds. */
  abort(reason: SluiceError): void {
    this.#stop.abort(reason);
  }

  /** Stops trying to settle it. */
  abandon(): void {
    this.#abandoned.abort(new SluiceError('stopping', 'the workers have stopped'));
  }

  async #run(): Promise<void> {
    const { clock, log, onEnd } = this.#options;
    const startMs = clock.monotonicMs();
    const { settle, ending, error, steps } = await this.#work();
    try {
      const settled = await this.#settle(settle);
      const durationMs = clock.monotonicMs() - startMs;
      onEnd({ claim: this.claim, ending: settled === 'lost' ? 'lost' : ending, durationMs, error, steps });
    } catch (unsettled) {
      log.error({ key: this.claim.key, err: unsettled }, 'work ended untold; it will be done again');
    }
  }

  async #work(): Promise<Ending> {
    const { queue } = this.#options;
    const { claim } = this;
    const outcome = await this.#outcome();
    if ('nextAtMs' in outcome) {
      const { steps, ...next } = outcome;
      return { ending: 'done', steps, settle: () => queue.complete(claim, next) };
    }
    const { changes } = outcome;
    if ('postponedToMs' in outcome) {
      const until = { runAtMs: outcome.postponedToMs, reason: outcome.reason };
      return { ending: 'postponed', settle: () => queue.release(claim, { until, changes }) };
    }
    const { aborted, reason } = this.#stop.signal;
    if (aborted)
      return { ending: 'handed back', error: reason, settle: () => queue.release(claim, { changes }) };
    return this.#failed(asSluiceError(outcome.thrown, { subject: claim.key }), changes);
  }

  async #outcome(): Promise<WorkOutcome> {
    try {
      const { lease, handler } = this.#options;
      return await underLease(lease, () => handler.run(this.claim, this.#stop.signal));
    } catch (thrown) {
      return { thrown, changes: [] };
    }
  }

  async #failed(error: SluiceError, changes: readonly StoreChange[] | undefined): Promise<Ending> {
    const { queue, clock, random, log, handler } = this.#options;
    const { claim } = this;
    const nowMs = clock.nowMs();
    const decision = nextTry(handler.retry, claim.attempt, error, random, nowMs);
    const about = { key: claim.key, attempt: claim.attempt, code: error.code, reason: error.message };
    const giveUp = 'giveUp' in decision;
    if (giveUp) log.warn(about, `gave up: ${decision.giveUp}`);
    else log.info(about, `failed; again in ${formatDuration(decision.retryAtMs - nowMs)}`);
    if (error.code === 'internal') log.error({ key: claim.key, err: error }, 'a fault in sluice itself');
    await this.#reportFailure({ claim, error, decision });
    const failed = {
      error: toErrorRecord(error),
      retryAtMs: giveUp ? null : decision.retryAtMs,
      reason: giveUp ? decision.giveUp : `backing off after error ${error.code}`,
      changes,
    };
    return { ending: giveUp ? 'gave up' : 'failed', error, settle: () => queue.fail(claim, failed) };
  }

  async #reportFailure(failure: FailedWork): Promise<void> {
    try {
      await this.#options.handler.onFailure?.(failure);
    } catch (error) {
      this.#options.log.error({ key: this.claim.key, err: error }, 'could not record a failure');
    }
  }

  /** A result that cost an hour is not thrown away because the database is locked or the disk full for a minute. */
  async #settle(settle: () => Promise<Settlement>): Promise<Settlement> {
    const { clock, log } = this.#options;
    for (let waitMs = FIRST_SETTLE_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_SETTLE_WAIT_MS)) {
      try {
        return await settle();
      } catch (error) {
        const { code, message } = asSluiceError(error);
        log.warn({ key: this.claim.key, code, reason: message }, 'could not tell the queue; trying again');
      }
      await clock.sleep(waitMs, this.#abandoned.signal);
    }
  }
}
