import type { MinuteCount, StoredBudget } from '../../keep/store/changesets.ts';
import type { Priority } from '../queue/work-queue.ts';
import type { CallRecord } from './call-budget.ts';

/**
 * How much may be asked of a host, as pure rules over what is known of one credential's budget. Two bounds hold at
 * once, whichever is stricter: what the host says (`remaining` until `resetAtMs`, or a pause it asked for) and what the
 * configuration allows (`maxPerHour`, in any sixty minutes).
 */

/** One credential's budget of one resource (REST calls, GraphQL points) with one host. */
export type CredentialBudget = Omit<StoredBudget, 'host' | 'credential' | 'resource'>;

/** What the configuration says of a host, for all of its credentials together. */
export interface Allowance {
  /** What the configuration allows in an hour; undefined: no bound of its own. */
  readonly maxPerHour: number | undefined;
}

/** Of a call, what it showed of the host's limits. */
type ShownLimits = Pick<CallRecord, 'limit' | 'remaining' | 'resetAtMs' | 'retryAfterMs' | 'limitReached'>;

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
const DAY_MS = 24 * HOUR_MS;
/** The windows that hosts count in. */
const WINDOWS_MS = [MINUTE_MS, HOUR_MS, DAY_MS];
/** A reset may lie a little beyond the window: clocks differ, and resets are whole seconds. */
const WINDOW_TOLERANCE_MS = 5_000;
/** Resets of one window differ by no more than this: whole seconds, counted from now or by the host's clock. */
const SAME_RESET_MS = 2_500;
/** Of a budget, what ordinary work leaves to what is asked for by hand or by webhooks. */
const RESERVED_FOR_HIGH = 0.05;
/**
 * GitHub: "wait for at least one minute" where a secondary limit names no time, and for "an exponentially increasing
 * amount of time" where that was not enough. A host that names none is given it.
 */
const UNTOLD_PAUSE_MS = MINUTE_MS;
const LONGEST_UNTOLD_PAUSE_MS = HOUR_MS;
const LEAST_PAUSE_MS = 1000;
/** A wrong Retry-After or reset must not stop a host for ever. */
export const LONGEST_PAUSE_MS = DAY_MS;
/** A credential that was refused is tried again this often: it may have been the host that was wrong. */
export const REFUSED_MS = HOUR_MS;

export const NEW_BUDGET: CredentialBudget = {
  limit: undefined,
  remaining: undefined,
  resetAtMs: undefined,
  pausedUntilMs: undefined,
  refusedUntilMs: undefined,
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
  spent: readonly MinuteCount[],
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

function total(spent: readonly MinuteCount[]): number {
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
  const isOver = budget.resetAtMs !== undefined && budget.resetAtMs <= nowMs;
  return {
    ...budget,
    // Of the window that has begun, the answer tells the end.
    resetAtMs: isOver ? undefined : budget.resetAtMs,
    spent:
      last?.[0] === minute ? [...spent.slice(0, -1), [minute, last[1] + cost]] : [...spent, [minute, cost]],
    remaining: remaining === undefined ? undefined : Math.max(0, remaining - cost),
  };
}

/**
 * The budget once a call has ended. Figures that cannot be (a limit of none, a reset that is past or years away) count
 * as not given.
 * @param expectedCost what was put down for the call when it was let through
 * @param untoldBefore as for `pauseAskedMs`
 */
export function budgetAfterCall(
  budget: CredentialBudget,
  call: ShownLimits & Pick<CallRecord, 'cost'>,
  expectedCost: number,
  nowMs: number,
  untoldBefore = 0,
): CredentialBudget {
  const spent = correctSpent(budget.spent, call.cost - expectedCost);
  const pausedUntilMs = pauseOf(budget, call, nowMs, untoldBefore);
  const { limit = budget.limit, remaining, resetAtMs } = plausible(call, nowMs);
  if (remaining === undefined) return { ...budget, limit, spent, pausedUntilMs };
  const windowMs = resetAtMs === undefined ? budget.windowMs : windowShown(budget, resetAtMs - nowMs);
  const untilMs = resetAtMs ?? nowMs + (windowMs ?? UNTOLD_PAUSE_MS);
  const isSameWindow =
    resetAtMs !== undefined &&
    budget.resetAtMs !== undefined &&
    budget.resetAtMs > nowMs &&
    Math.abs(resetAtMs - budget.resetAtMs) <= SAME_RESET_MS;
  return {
    ...budget,
    limit,
    spent,
    pausedUntilMs,
    windowMs,
    // Answers overtake each other: within a window the lowest figure is the latest.
    remaining:
      isSameWindow && budget.remaining !== undefined ? Math.min(budget.remaining, remaining) : remaining,
    resetAtMs: isSameWindow ? Math.max(untilMs, budget.resetAtMs ?? 0) : untilMs,
  };
}

/** Of what an answer shows, that which can be. */
function plausible(
  { limit, remaining, resetAtMs }: ShownLimits,
  nowMs: number,
): Partial<Pick<ShownLimits, 'limit' | 'remaining' | 'resetAtMs'>> {
  if (limit !== undefined && !(limit >= 1)) return {};
  return {
    limit,
    remaining:
      remaining === undefined || !(remaining >= 0) ? undefined : Math.min(remaining, limit ?? remaining),
    resetAtMs: isPlausibleReset(resetAtMs, nowMs) ? resetAtMs : undefined,
  };
}

function isPlausibleReset(resetAtMs: number | undefined, nowMs: number): resetAtMs is number {
  return resetAtMs !== undefined && resetAtMs > nowMs && resetAtMs <= nowMs + DAY_MS + WINDOW_TOLERANCE_MS;
}

/** The host's window, as a reset so far off shows it: the longest that was shown. */
function windowShown({ windowMs = 0 }: CredentialBudget, untilResetMs: number): number {
  const shown = WINDOWS_MS.find(each => untilResetMs <= each + WINDOW_TOLERANCE_MS) ?? DAY_MS;
  return Math.max(shown, windowMs);
}

function pauseOf(
  budget: CredentialBudget,
  call: ShownLimits,
  nowMs: number,
  untoldBefore: number,
): number | undefined {
  const askedMs = pauseAskedMs(call, nowMs, untoldBefore);
  return askedMs === undefined ? budget.pausedUntilMs : Math.max(nowMs + askedMs, budget.pausedUntilMs ?? 0);
}

/**
 * How long no call may go after this one; undefined: nothing asks for a pause.
 * @param untoldBefore how many limits in a row, just before, named no time: each doubles the pause
 */
export function pauseAskedMs(call: ShownLimits, nowMs: number, untoldBefore = 0): number | undefined {
  const { retryAfterMs, limitReached } = call;
  if (limitReached === undefined)
    return retryAfterMs === undefined ? undefined : Math.min(retryAfterMs, LONGEST_PAUSE_MS);
  const toldMs = pauseToldMs(call, nowMs);
  if (toldMs === undefined) return Math.min(UNTOLD_PAUSE_MS * 2 ** untoldBefore, LONGEST_UNTOLD_PAUSE_MS);
  return Math.min(Math.max(toldMs, LEAST_PAUSE_MS), LONGEST_PAUSE_MS);
}

/** Whether a limit was reached and no time named until when. */
export function isUntold(call: ShownLimits, nowMs: number): boolean {
  return call.limitReached !== undefined && pauseToldMs(call, nowMs) === undefined;
}

/** The reset is of the window that `remaining` counts: of a limit that was met before its end it says nothing. */
function pauseToldMs(
  { retryAfterMs, limitReached, resetAtMs, remaining }: ShownLimits,
  nowMs: number,
): number | undefined {
  const isOfWindow = limitReached === 'credential' || (limitReached === 'host' && remaining === 0);
  // A wait of nothing would have the limit met again at once.
  if (retryAfterMs !== undefined || !isOfWindow) return retryAfterMs === 0 ? undefined : retryAfterMs;
  return isPlausibleReset(resetAtMs, nowMs) ? resetAtMs - nowMs : undefined;
}

function correctSpent(spent: readonly MinuteCount[], difference: number): readonly MinuteCount[] {
  const last = spent.at(-1);
  if (!last || difference === 0) return spent;
  return [...spent.slice(0, -1), [last[0], Math.max(0, last[1] + difference)]];
}

/**
 * Minutes that reach into the last hour. Where the clock was set back, some lie ahead; those of an hour may still be of
 * the last one.
 */
function lately(spent: readonly MinuteCount[], nowMs: number): readonly MinuteCount[] {
  const minuteNow = Math.floor(nowMs / MINUTE_MS);
  return spent.filter(([minute]) => minute >= minuteNow - 60 && minute <= minuteNow + 60);
}

/** What was stored, as far as it can still be true: times too far ahead are of a clock that was wrong. */
export function budgetAsOf(budget: CredentialBudget, nowMs: number): CredentialBudget {
  const { resetAtMs, pausedUntilMs, refusedUntilMs, remaining, windowMs } = budget;
  const isFar = (atMs: number | undefined, mostMs: number): boolean => (atMs ?? 0) > nowMs + mostMs;
  const isWrong = isFar(resetAtMs, (windowMs ?? DAY_MS) + WINDOW_TOLERANCE_MS);
  return {
    ...budget,
    remaining: isWrong ? undefined : remaining,
    resetAtMs: isWrong ? undefined : resetAtMs,
    pausedUntilMs: isFar(pausedUntilMs, LONGEST_PAUSE_MS) ? undefined : pausedUntilMs,
    refusedUntilMs: isFar(refusedUntilMs, REFUSED_MS) ? undefined : refusedUntilMs,
    spent: lately(budget.spent, nowMs),
  };
}

/** The budget with every time moved: this machine's clock was set by so much. */
export function budgetMovedBy(budget: CredentialBudget, byMs: number): CredentialBudget {
  const moved = (atMs: number | undefined): number | undefined =>
    atMs === undefined ? undefined : atMs + byMs;
  const minutes = Math.round(byMs / MINUTE_MS);
  return {
    ...budget,
    resetAtMs: moved(budget.resetAtMs),
    pausedUntilMs: moved(budget.pausedUntilMs),
    refusedUntilMs: moved(budget.refusedUntilMs),
    spent: budget.spent.map(([minute, cost]): MinuteCount => [minute + minutes, cost]),
  };
}

/** Calls or points an hour that the host bears; undefined: it does not say. */
export function hourlyBound(budget: CredentialBudget): number | undefined {
  return budget.limit === undefined ? undefined : (budget.limit * HOUR_MS) / (budget.windowMs ?? HOUR_MS);
}
