import { type CredentialBudget, remainingNow, spentLastHour } from './credential-budget.ts';

/** What is left of a limit that is only assumed; undefined where none is. */
export function leftOf(
  limit: number | undefined,
  budget: CredentialBudget,
  nowMs: number,
): number | undefined {
  return limit === undefined ? undefined : Math.max(0, limit - spentLastHour(budget, nowMs));
}

/** Of its budget, the share that a credential has left. Where no limit is known, the one that was used least is first. */
export function shareLeft(budget: CredentialBudget, typicalLimit: number | undefined, nowMs: number): number {
  const limit = budget.limit ?? typicalLimit;
  if (limit === undefined) return -spentLastHour(budget, nowMs);
  return (remainingNow(budget, nowMs) ?? leftOf(limit, budget, nowMs) ?? 0) / limit;
}

/** The sum of those that are known; undefined where none is. */
export function totalKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter(value => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}

/** The least of those that are known; undefined where none is. */
export function leastKnown(...values: (number | undefined)[]): number | undefined {
  const known = values.filter(value => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
