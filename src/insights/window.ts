import { SluiceError } from '../base/errors.ts';
import { DAY_SECONDS } from './calendar.ts';

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
