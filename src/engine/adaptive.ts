/**
 * When to sync next under a fixed budget of calls: the policy `adaptive`.
 *
 * Staleness is the time since the oldest change that has not been seen (the *age* of Cho and Garcia-Molina,
 * "Effective page refresh policies for web crawlers", ACM TODS 2003). An item that changes at rate λ and is synced
 * every I has a mean age of
 *
 *   A(λ, I) = I/2 − 1/λ + (1 − e^(−λI)) / (λ² I)
 *
 * Spending one more call on it is worth what that takes off its age, −∂A/∂(1/I). The
 * least total age for a budget is where a call is worth the same everywhere (Lagrange; Azar, Horvitz, Lubetzky,
 * Peres and Shahaf, "Tractable near-optimal policies for crawling", PNAS 2018; Kolobov et al., NeurIPS 2019, for
 * harmonic staleness). That common worth is the *price* of a call: it alone depends on the budget, so each item's
 * interval follows from its own rate and the price, whatever the others do.
 *
 * The rate is not constant: work comes in bursts, and what has been still for long stays still (gaps between human
 * actions have heavy tails: Barabási, Nature 2005). For gaps with a density that falls as a power of their length,
 * the rate after a stillness of e is about a / (e + b).
 */

import { formatDuration } from '../base/units.ts';
import type { NextSync, SyncRhythm, SyncTimes } from './schedule.ts';

export interface AdaptiveItem {
  /** From the last change known to the last sync; below 0 counts as 0. */
  readonly stillMs: number;
  /** Merged, closed or deleted: it hardly changes any more. */
  readonly closed: boolean;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** a and b above: chosen, not fitted; the simulation (bench/schedule) says what they are worth. */
const CHANGES_EXPECTED = 0.5;
const BURST_MS = 10 * MINUTE_MS;
/** Assumed: what is closed gets a late comment, or is opened again, some two times a year. */
const CLOSED_CHANGES_PER_MS = 1 / (200 * DAY_MS);

/** How often the item is expected to change from now on, in changes per millisecond. */
export function changeRate({ stillMs, closed }: AdaptiveItem): number {
  if (closed) return CLOSED_CHANGES_PER_MS;
  return CHANGES_EXPECTED / (Math.max(0, stillMs) + BURST_MS);
}

/**
 * The interval at which one more call is worth exactly `price`, within the bounds. Longer for a higher price and
 * for a lower rate.
 * @param price what a call must take off the age to be made, in ms²; from `BASE_PRICE` and the stretch that the budget
 * asks for
 */
export function adaptiveIntervalMs(
  ratePerMs: number,
  price: number,
  bounds: Pick<SyncRhythm, 'minIntervalMs' | 'maxIntervalMs'>,
): number {
  const { minIntervalMs, maxIntervalMs } = bounds;
  const wanted = price * ratePerMs * ratePerMs;
  const intervalMs = solve(wanted) / ratePerMs;
  return Math.min(Math.max(intervalMs, minIntervalMs), maxIntervalMs);
}

/** λ² times the worth of a call, for x = λI: x²/2 + x e^(−x) − (1 − e^(−x)). Grows with x, from x³/3 to x²/2. */
function worth(x: number): number {
  // The difference of nearly equal numbers has no digits left here; the series has.
  if (x < 0.01) return (x * x * x) / 3 - (x * x * x * x) / 8;
  const decay = Math.exp(-x);
  return (x * x) / 2 + x * decay - (1 - decay);
}

/** The x whose worth is `wanted`, by Newton's method: the function is convex, so it never leaves the right side. */
function solve(wanted: number): number {
  // Above the root for small and for large x, from where Newton's method comes down steadily.
  let x = Math.cbrt(3 * wanted) + Math.sqrt(2 * wanted);
  for (let iteration = 0; iteration < 60; iteration += 1) {
    const slope = x < 0.01 ? x * x - (x * x * x) / 2 : x * (1 - Math.exp(-x));
    const step = (worth(x) - wanted) / slope;
    x -= step;
    if (Math.abs(step) <= 1e-9 * x) break;
  }
  return x;
}

/** At this price the realistic mix of the simulation needs as many calls as under the linear policy. */
export const BASE_PRICE = 1.1e12;

/** The longest interval is so many times the rhythm's: what is closed or long still can wait for days. */
const LONGEST_TIMES = 9;

/**
 * `nextSync` by this policy: lastSync + the interval for what the item is. A stretch of s makes the price s³ times as
 * high, which makes the intervals of what seldom changes s times as long, and more those of what changes often: the
 * calls then fit the budget that s stands for. Never synced: now.
 */
export function adaptiveSync(times: SyncTimes, rhythm: SyncRhythm, closed = false): NextSync {
  const { nowMs, lastSyncAtMs, lastChangeAtMs } = times;
  if (lastSyncAtMs === null) return { atMs: nowMs, reason: 'never synced' };
  const stillMs = lastChangeAtMs === null ? Number.MAX_SAFE_INTEGER : lastSyncAtMs - lastChangeAtMs;
  const stretch = Math.max(1, rhythm.stretch ?? 1);
  const intervalMs = adaptiveIntervalMs(changeRate({ stillMs, closed }), BASE_PRICE * stretch ** 3, {
    minIntervalMs: rhythm.minIntervalMs,
    maxIntervalMs: rhythm.maxIntervalMs * LONGEST_TIMES,
  });
  const what = closed ? 'over' : sinceChange(stillMs, lastChangeAtMs !== null);
  const because = stretch > 1 ? `, stretched ×${Math.round(stretch * 10) / 10} by the rate limit` : '';
  return {
    atMs: lastSyncAtMs + Math.round(intervalMs),
    reason: `${what} → every ${formatDuration(intervalMs)} (adaptive${because})`,
  };
}

function sinceChange(stillMs: number, isKnown: boolean): string {
  if (!isKnown) return 'no change known';
  return stillMs < 0 ? 'changed after the last sync' : `last change ${formatDuration(stillMs)} ago`;
}
