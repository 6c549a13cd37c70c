import type { SluiceError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';

/**
 * When failed work is tried again, or that it is given up: a schedule of waits as data, and a pure rule over it.
 *
 * Both holders of future times ask it: the work queue, whose `targets` hold what is due in gathering (workers.ts), and
 * delivery, whose `file_records.next_attempt_at_ms` hold what is due there; see schedule.ts for why they are two.
 */
export interface RetrySchedule {
  /** Wait after the first failure. */
  readonly firstMs: number;
  /** Each further wait is this many times the one before. */
  readonly factor: number;
  /** No wait is longer, save one that the far side asks for. */
  readonly maxMs: number;
  /** Tries after the first one; Infinity never gives up. */
  readonly maxRetries: number;
  /** Share of a wait that chance may add, so that what failed together does not come back together. */
  readonly jitter: number;
  /** After a failure that trying again would only repeat: an end, or another try at the slowest rhythm. */
  readonly permanent: 'give-up' | 'slowest';
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Syncs back off from 2 minutes to 8 hours and never give up: what has vanished may come back. */
export const SYNC_RETRY: RetrySchedule = {
  firstMs: 2 * MINUTE_MS,
  factor: 2,
  maxMs: 8 * HOUR_MS,
  maxRetries: Number.POSITIVE_INFINITY,
  jitter: 0.2,
  permanent: 'slowest',
};

/** A far side may ask for patience, but a wrong Retry-After must not bury work for ever. */
const LONGEST_RETRY_AFTER_MS = 24 * HOUR_MS;

export type RetryDecision = { readonly retryAtMs: number } | { readonly giveUp: string };

/** Of an error, what the decision depends on. */
export type RetryableError = Pick<SluiceError, 'code' | 'answer' | 'retryAfterMs'>;

/**
 * What follows on a failed try.
 *
 * Transient: wait first × factor^(attempt − 1), at most `maxMs`, at least what the far side asked for
 * (`retryAfterMs`, itself at most a day), plus up to `jitter` of it; given up when `attempt` is beyond
 * `maxRetries` + 1. Cancelled counts as transient: work that was stopped has not been shown to be impossible
 * (workers hand back what they stop themselves and do not ask). Permanent: as `permanent` says.
 * @param attempt failures in a row, this one included: 1 when the first try failed
 */
export function nextTry(
  schedule: RetrySchedule,
  attempt: number,
  error: RetryableError,
  random: Random,
  nowMs: number,
): RetryDecision {
  if (error.answer === 'give-up') {
    if (schedule.permanent === 'give-up') return { giveUp: `${error.code}: trying again would not help` };
    return { retryAtMs: nowMs + jittered(longestBaseMs(schedule), schedule, random) };
  }
  if (attempt > schedule.maxRetries) return { giveUp: `${error.code}: failed ${attempt} times` };
  const askedMs = patienceAsked(error);
  // Beyond 2^1000 the power is Infinity, which min() turns into the longest wait.
  const grownMs = schedule.firstMs * schedule.factor ** Math.max(0, attempt - 1);
  const baseMs = Math.max(Math.min(grownMs, longestBaseMs(schedule)), askedMs);
  return { retryAtMs: nowMs + jittered(baseMs, schedule, random) };
}

/** How long a far side wants to be left alone, within what it may ask for. */
export function patienceAsked({ retryAfterMs = 0 }: Partial<Pick<SluiceError, 'retryAfterMs'>>): number {
  return Math.min(Math.max(0, retryAfterMs), LONGEST_RETRY_AFTER_MS);
}

/** The longest wait before jitter: jitter on top of it still stays within `maxMs`. */
function longestBaseMs(schedule: RetrySchedule): number {
  return schedule.maxMs / (1 + schedule.jitter);
}

function jittered(baseMs: number, schedule: RetrySchedule, random: Random): number {
  return Math.round(baseMs * (1 + schedule.jitter * random()));
}
