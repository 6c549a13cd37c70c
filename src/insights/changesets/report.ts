import type { Percentiles } from '../../keep/store/changeset-life.ts';
import type { ChangesetScope, LifeFigures, Questions } from '../../keep/store/questions.ts';
import { DAY_SECONDS, isoDate, type Period, periodStart } from '../calendar.ts';

type ReportQuestions = Pick<Questions, 'changesetFigures' | 'staleChangesets'>;

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

const SIZES: readonly number[] = [10, 50, 250, 1000];
const STALE_SHOWN = 20;

/** Reads the report: figures of the changesets that were opened, merged or closed in the window, and what is stale. */
export async function changesetReport(
  questions: ReportQuestions,
  query: ReportQuery,
  nowMs: number,
): Promise<ChangesetReport> {
  const { host, repository, sinceMs, untilMs } = query;
  const figures = await questions.changesetFigures({ host, repository, sinceMs, untilMs, upToLines: SIZES });
  const { timeToFirstReviewMs, reviewRounds, cycleMs, cycleBySizeMs } = figures;
  const { draftMs, firstReviewMs: toFirstReviewMs, inReviewMs, waitForMergeMs } = figures;
  return {
    timeToFirstReviewMs,
    reviewRounds,
    cycleMs,
    parts: { draftMs, toFirstReviewMs, inReviewMs, waitForMergeMs },
    throughput: throughput(figures, query),
    bySize: cycleBySizeMs.map((cycle, index) => ({ upToLines: SIZES[index] ?? null, cycleMs: cycle })),
    stale: await staleIn(questions, query, nowMs),
  };
}

function throughput({ days }: LifeFigures, { by }: ReportQuery): ChangesetReport['throughput'] {
  const periods = new Map<number, { opened: number; merged: number; closed: number }>();
  for (const { day, opened, merged, closed } of days) {
    const start = periodStart(day * DAY_SECONDS, by);
    const counts = periods.get(start) ?? { opened: 0, merged: 0, closed: 0 };
    counts.opened += opened;
    counts.merged += merged;
    counts.closed += closed;
    periods.set(start, counts);
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
