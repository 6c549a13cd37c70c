import { SluiceError } from '../../base/errors.ts';
import type { Period } from '../calendar.ts';
import { dayOf } from '../calendar.ts';
import type { ReportQuery } from './report.ts';

const DAY_MS = 86_400_000;
const DEFAULT_WINDOW_DAYS = 90;
/** Open changesets without a change for longer are stale, unless somebody asks otherwise. */
export const STALE_AFTER_DAYS = 14;

/** What people ask of the report, days as they write them, like 2026-01-31, in UTC. */
export interface ReportQuestion {
  readonly host?: string | undefined;
  readonly repository?: string | undefined;
  /** From this day on; 90 days before the end unless given. */
  readonly since?: string | undefined;
  /** Before this day; up to now unless given. */
  readonly until?: string | undefined;
  readonly by?: Period | undefined;
  readonly staleAfterDays?: number | undefined;
}

/**
 * The report's query for a question from the command line or the API.
 * @param mark what stands before the names of options where it was asked, for messages: `--` or nothing
 * @throws SluiceError `usage` for what is no day, and a window that ends before it begins
 */
export function reportQuery(question: ReportQuestion, nowMs: number, mark: '--' | ''): ReportQuery {
  const { since, until, by = 'week', host, repository, staleAfterDays = STALE_AFTER_DAYS } = question;
  const untilMs = until === undefined ? nowMs + 1 : dayOf(until, `${mark}until`) * DAY_MS;
  const sinceMs =
    since === undefined ? untilMs - DEFAULT_WINDOW_DAYS * DAY_MS : dayOf(since, `${mark}since`) * DAY_MS;
  if (sinceMs >= untilMs)
    throw new SluiceError('usage', `nothing lies from ${mark}since on and before ${mark}until`);
  return { host, repository, sinceMs, untilMs, by, staleAfterMs: staleAfterDays * DAY_MS };
}
