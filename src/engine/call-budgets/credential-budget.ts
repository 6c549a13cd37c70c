import type { Priority } from '../queue/work-queue.ts';
import type { CallRecord } from './call-budget.ts';

/**
 * How much may be asked of a host, as pure rules over what is known of one credential's budget. Two bounds hold at
 * once, whichever is stricter: what the host says (`remaining` until `resetAtMs`, or a pause it asked for) and what the
 * configuration allows (`maxPerHour`, in any sixty minutes).
 */

/** One credential's budget of one resource (REST calls, GraphQL points) with one host. */
export interface CredentialBudget {
  /** Calls or points a window, as the host says; undefined: it does not. */
  readonly limit: number | undefined;
  /** What was left of them by the latest answer, less what is on its way. */
  readonly remaining: number | undefined;
  readonly resetAtMs: number | undefined;
  /** No call before: Retry-After, a secondary limit. */
  readonly pausedUntilMs: number | undefined;
  /** Length of the host's window: a minute or an hour, as far as resets have shown. */
  readonly windowMs: number | undefined;
  /** Minutes since the epoch and what was spent in each, oldest first, for the last hour. */
  readonly spent: readonly Spent[];
}
export type Spent = readonly [minute: number, cost: number];

export interface Allowance {
  /** What the configuration allows in an hour; undefined: no bound of its own. */
  readonly maxPerHour: number | undefined;
}

/** Of a call, what it showed of the host's limits. */
type ShownLimits = Pick<
  CallRecord,
  'limit' | 'remaining' | 'resetAtMs' | 'retryAfterMs' | 'isSecondaryLimit'
>;

/** Whether a call may go. */
export type Admission = { readonly ok: true } | Delay;

/** Until when a call may not go, and why, in words. */
export interface Delay {
  readonly ok: false;
  readonly untilMs: number;
  readonly why: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Of a budget, what ordinary work leaves to what is asked for by hand or by webhooks. */
const RESERVED_FOR_HIGH = 0.05;
/** GitHub: "wait for at least one minute" where a secondary limit names no time. */
const SECONDARY_PAUSE_MS = MINUTE_MS;
/** A reset further off than this is no window of a minute. */
const LONG_WINDOW_FROM_MS = 65_000;
/** A wrong Retry-After or reset must not stop a host for ever. */
const LONGEST_PAUSE_MS = 24 * HOUR_MS;

export const NEW_BUDGET: CredentialBudget = {
  limit: undefined,
  remaining: undefined,
  resetAtMs: undefined,
  pausedUntilMs: undefined,
  windowMs: undefined,
  spent: [],
};

/** What was spent in the last sixty minutes, the present one included. */
export function spentLastHour(budget: CredentialBudget, nowMs: number): number {
  return total(lately(budget.spent, nowMs));
}

/** Whether the host's own limit lets a call of that cost go now; if not, until when not and why, in words. */
export function admissionByHost(
  budget: CredentialBudget,
  cost: number,
  priority: Priority,
  nowMs: number,
): Admission {
  const { pausedUntilMs, resetAtMs, limit = 0 } = budget;
  if (pausedUntilMs !== undefined && pausedUntilMs > nowMs) {
    return { ok: false, untilMs: pausedUntilMs, why: 'the host asked for a pause' };
  }
  const remaining = remainingNow(budget, nowMs);
  const isFresh = resetAtMs === undefined || resetAtMs <= nowMs;
  if (remaining === undefined || isFresh || remaining - reservedForHigh(limit, priority) >= cost)
    return { ok: true };
  return { ok: false, untilMs: resetAtMs, why: 'the rate limit of the host is used up' };
}

/** Whether the configuration lets a call of that cost go now, after what was spent. */
export function admissionByAllowance(
  spent: readonly Spent[],
  { maxPerHour }: Allowance,
  cost: number,
  priority: Priority,
  nowMs: number,
): Admission {
  if (maxPerHour === undefined) return { ok: true };
  const room = maxPerHour - reservedForHigh(maxPerHour, priority) - cost;
  let left = total(lately(spent, nowMs));
  if (left <= room) return { ok: true };
  for (const [minute, amount] of lately(spent, nowMs)) {
    left -= amount;
    if (left <= room)
      return { ok: false, untilMs: (minute + 61) * MINUTE_MS, why: 'the calls allowed an hour are used up' };
  }
  return { ok: false, untilMs: nowMs + HOUR_MS, why: 'no call is allowed' };
}

function reservedForHigh(limit: number, priority: Priority): number {
  return priority === 'high' ? 0 : Math.floor(limit * RESERVED_FOR_HIGH);
}

function total(spent: readonly Spent[]): number {
  return spent.reduce((sum, [, cost]) => sum + cost, 0);
}

/** What is left of the host's window now; undefined where the host does not say. */
export function remainingNow(budget: CredentialBudget, nowMs: number): number | undefined {
  const { remaining, resetAtMs, limit } = budget;
  return resetAtMs !== undefined && resetAtMs <= nowMs ? limit : remaining;
}

/** The budget once a call has been let through. */
export function budgetAfterAdmission(
  budget: CredentialBudget,
  cost: number,
  nowMs: number,
): CredentialBudget {
  const minute = Math.floor(nowMs / MINUTE_MS);
  const spent = lately(budget.spent, nowMs);
  const last = spent.at(-1);
  const remaining = remainingNow(budget, nowMs);
  return {
    ...budget,
    spent:
      last?.[0] === minute ? [...spent.slice(0, -1), [minute, last[1] + cost]] : [...spent, [minute, cost]],
    remaining: remaining === undefined ? undefined : Math.max(0, remaining - cost),
  };
}

/**
 * The budget once a call has ended.
 * @param expectedCost what was put down for the call when it was let through
 */
export function budgetAfterCall(
  budget: CredentialBudget,
  call: ShownLimits & Pick<CallRecord, 'cost'>,
  expectedCost: number,
  nowMs: number,
): CredentialBudget {
  const corrected = correctSpent(budget.spent, call.cost - expectedCost);
  const pausedUntilMs = pauseOf(budget, call, nowMs);
  const { limit = budget.limit, remaining, resetAtMs } = call;
  if (remaining === undefined) return { ...budget, limit, spent: corrected, pausedUntilMs };
  const soonest = Math.min(resetAtMs ?? nowMs + (budget.windowMs ?? HOUR_MS), nowMs + LONGEST_PAUSE_MS);
  const sameWindow =
    budget.resetAtMs !== undefined && budget.resetAtMs > nowMs && soonest <= budget.resetAtMs + 1500;
  const shown = soonest - nowMs > LONG_WINDOW_FROM_MS ? HOUR_MS : MINUTE_MS;
  return {
    limit,
    spent: corrected,
    pausedUntilMs,
    windowMs: Math.max(shown, budget.windowMs ?? 0),
    // Answers overtake each other: within a window the lowest figure is the latest.
    remaining:
      sameWindow && budget.remaining !== undefined ? Math.min(budget.remaining, remaining) : remaining,
    resetAtMs: sameWindow ? Math.max(soonest, budget.resetAtMs ?? 0) : soonest,
  };
}

function pauseOf(
  budget: CredentialBudget,
  { retryAfterMs, isSecondaryLimit }: ShownLimits,
  nowMs: number,
): number | undefined {
  const asked = retryAfterMs ?? (isSecondaryLimit ? SECONDARY_PAUSE_MS : undefined);
  if (asked === undefined) return budget.pausedUntilMs;
  const untilMs =
    nowMs + Math.min(Math.max(asked, isSecondaryLimit ? SECONDARY_PAUSE_MS : 0), LONGEST_PAUSE_MS);
  return Math.max(untilMs, budget.pausedUntilMs ?? 0);
}

function correctSpent(spent: readonly Spent[], difference: number): readonly Spent[] {
  const last = spent.at(-1);
  if (!last || difference === 0) return spent;
  return [...spent.slice(0, -1), [last[0], Math.max(0, last[1] + difference)]];
}

/** Minutes that reach into the last hour. */
function lately(spent: readonly Spent[], nowMs: number): readonly Spent[] {
  const oldest = Math.floor(nowMs / MINUTE_MS) - 60;
  return spent.filter(([minute]) => minute >= oldest);
}

/** Calls or points an hour that the host bears; undefined: it does not say. */
export function hourlyBound(budget: CredentialBudget): number | undefined {
  return budget.limit === undefined ? undefined : (budget.limit * HOUR_MS) / (budget.windowMs ?? HOUR_MS);
}
