/** Calendar arithmetic in UTC on seconds since the epoch. Weeks begin on Monday (ISO 8601). */

import { SluiceError } from '../base/errors.ts';

export const PERIODS = ['day', 'week', 'month'] as const;
export type Period = (typeof PERIODS)[number];

export const DAY_SECONDS = 86_400;
const WEEK_SECONDS = 7 * DAY_SECONDS;
/** The epoch was a Thursday: the Monday before it lies three days earlier. */
const MONDAY_OFFSET_SECONDS = 3 * DAY_SECONDS;

/** Start of the period that holds the moment `at`, in seconds. */
export function periodStart(at: number, period: Period): number {
  if (period === 'day') return Math.floor(at / DAY_SECONDS) * DAY_SECONDS;
  if (period === 'week') {
    return Math.floor((at + MONDAY_OFFSET_SECONDS) / WEEK_SECONDS) * WEEK_SECONDS - MONDAY_OFFSET_SECONDS;
  }
  const date = new Date(at * 1000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / 1000;
}

/** Start of the period after the one that begins at `start`. */
export function nextPeriod(start: number, period: Period): number {
  if (period === 'day') return start + DAY_SECONDS;
  if (period === 'week') return start + WEEK_SECONDS;
  const date = new Date(start * 1000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / 1000;
}

/** `2026-11-22`. */
export function isoDate(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 10);
}

/**
 * A day as people write it, `2026-11-22`, in days since the epoch.
 * @param name of the option, for the message
 * @throws SluiceError `usage` for anything else, and days that do not exist
 */
export function dayOf(text: string, name: string): number {
  const atMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(atMs) || new Date(atMs).toISOString().slice(0, 10) !== text) {
    throw new SluiceError('usage', `${name} takes a day like 2026-11-22, not "${text}"`);
  }
  return atMs / 1000 / DAY_SECONDS;
}
