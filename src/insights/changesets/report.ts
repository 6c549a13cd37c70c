import type { ChangesetScope, Questions } from '../../keep/store/questions.ts';
import { isoDate, type Period, periodStart } from '../calendar.ts';
import { type Life, type Percentiles, percentiles } from './life.ts';
import { type Lived, livesIn } from './lives.ts';

type ReportQuestions = Pick<Questions, 'changesetLives' | 'staleChangesets'>;

export interface ReportQuery extends ChangesetScope {
  /** Changesets opened, merged or closed from then on, in milliseconds. */
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly by: Period;
  /** Open ones without a change for longer are stale. */
  readonly staleAfterMs: number;
}

/** Durations in milliseconds, percentiles rather than means; of changesets merged in the window unless said otherwise. */
export interface ChangesetReport {
  /** Of all that were opened in the window. */
  readonly timeToFirstReviewMs: Percentiles;
  readonly reviewRounds: Percentiles;
  readonly cycleMs: Percentiles;
  /** The cycle's parts, less time as a draft, which is the first of them. */
  readonly parts: {
    readonly draftMs: Percentiles;
    readonly toFirstReviewMs: Percentiles;
    readonly inReviewMs: Percentiles;
    readonly waitForMergeMs: Percentiles;
  };
  readonly throughput: readonly {
    readonly start: string;
    readonly opened: number;
    readonly merged: number;
    readonly closed: number;
  }[];
  /** Cycle time by lines changed. */
  readonly bySize: readonly { readonly upToLines: number | null; readonly cycleMs: Percentiles }[];
  readonly stale: { readonly count: number; readonly oldest: readonly StaleChangeset[] };
}

export interface StaleChangeset {
  readonly url: string;
  readonly title: string;
  readonly idleMs: number;
}

const SIZES: readonly (number | null)[] = [10, 50, 250, 1000, null];
const STALE_SHOWN = 20;

/**
 * Reads the report, in pages of the changesets that were opened, merged or closed in the window; others have their
 * turn between two pages.
 */
export async function changesetReport(
  questions: ReportQuestions,
  query: ReportQuery,
  nowMs: number,
): Promise<ChangesetReport> {
  const all = await livesIn(questions, query, nowMs);
  const within = (ms: number | null): ms is number =>
    ms !== null && ms >= query.sinceMs && ms < query.untilMs;
  const opened = all.filter(({ createdAtMs }) => within(createdAtMs));
  const merged = all.filter(({ mergedAtMs }) => within(mergedAtMs));
  const durations = (of: readonly Lived[], value: (life: Life) => number | null): Percentiles =>
    percentiles(of.map(({ life }) => value(life)));
  return {
    timeToFirstReviewMs: durations(opened, life => life.firstReviewMs),
    reviewRounds: percentiles(merged.map(({ life }) => life.rounds)),
    cycleMs: durations(merged, life => life.cycleMs),
    parts: {
      draftMs: durations(merged, life => life.draftMs),
      toFirstReviewMs: durations(merged, life => life.firstReviewMs),
      inReviewMs: durations(merged, life => life.inReviewMs),
      waitForMergeMs: durations(merged, life => life.waitForMergeMs),
    },
    throughput: throughput(all, query, within),
    bySize: SIZES.map((upToLines, index) => ({
      upToLines,
      cycleMs: durations(
        merged.filter(({ lines }) => isOfSize(lines, index)),
        life => life.cycleMs,
      ),
    })),
    stale: await staleIn(questions, query, nowMs),
  };
}

function isOfSize(lines: number | null, index: number): boolean {
  if (lines === null) return false;
  const above = index === 0 ? -1 : (SIZES[index - 1] ?? 0);
  return lines > above && lines <= (SIZES[index] ?? Number.POSITIVE_INFINITY);
}

function throughput(
  all: readonly Lived[],
  { by }: ReportQuery,
  within: (ms: number | null) => ms is number,
): ChangesetReport['throughput'] {
  const periods = new Map<number, { opened: number; merged: number; closed: number }>();
  const count = (ms: number | null, what: 'opened' | 'merged' | 'closed'): void => {
    if (!within(ms)) return;
    const start = periodStart(Math.floor(ms / 1000), by);
    const counts = periods.get(start) ?? { opened: 0, merged: 0, closed: 0 };
    counts[what] += 1;
    periods.set(start, counts);
  };
  for (const { createdAtMs, mergedAtMs, closedAtMs } of all) {
    count(createdAtMs, 'opened');
    count(mergedAtMs, 'merged');
    if (mergedAtMs === null) count(closedAtMs, 'closed');
  }
  return [...periods]
    .sort(([one], [two]) => one - two)
    .map(([start, counts]) => ({ start: isoDate(start), ...counts }));
}

async function staleIn(
  questions: ReportQuestions,
  { host, repository, staleAfterMs }: ReportQuery,
  nowMs: number,
): Promise<ChangesetReport['stale']> {
  const idleSinceMs = nowMs - staleAfterMs;
  const { count, oldest } = await questions.staleChangesets({
    host,
    repository,
    idleSinceMs,
    limit: STALE_SHOWN,
  });
  return {
    count,
    oldest: oldest.map(({ url, title, updatedAtMs }) => ({
      url,
      title,
      idleMs: nowMs - updatedAtMs,
    })),
  };
}
