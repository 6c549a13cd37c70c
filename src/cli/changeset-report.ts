import type { Period } from '../insights/calendar.ts';
import type { InsightRow } from '../insights/catalogue.ts';
import { reportQuery } from '../insights/changesets/question.ts';
import { type ChangesetReport, changesetReport } from '../insights/changesets/report.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { load } from './load.ts';
import { withExistingStores } from './stores.ts';
import { formatOf, type TableOptions, widthOf, writeOut } from './table-output.ts';
import { render } from './tables.ts';
import { jsonText } from './terminal.ts';

export interface ChangesetReportOptions extends GlobalOptions, TableOptions {
  readonly host?: string;
  readonly repo?: string;
  readonly since?: string;
  readonly until?: string;
  readonly by?: Period;
}

const COLUMNS = {
  measure: 'text',
  count: 'integer',
  p50: 'number',
  p75: 'number',
  p90: 'number',
} as const;

/**
 * Prints how changesets are reviewed and merged: percentiles a row, or the whole report as one JSON object. Throws
 * `usage`, `database_*`, `disk_*`.
 */
export async function printChangesetReport(options: ChangesetReportOptions, cli: Cli): Promise<void> {
  const { since, until, by, host, repo } = options;
  const nowMs = cli.clock.nowMs();
  const format = formatOf(options, cli);
  const query = reportQuery({ since, until, by, host, repository: repo }, nowMs, '--');
  const { config } = await load(options, cli);
  await withExistingStores(config, cli, async ({ store }) => {
    const report = await changesetReport(store.questions, query, nowMs);
    const content =
      format === 'json'
        ? `${jsonText(report)}\n`
        : await render(rowsOf(report), COLUMNS, format, { fit: widthOf(options, cli) });
    await writeOut(content, options, cli);
  });
}

/** Durations in hours, which people read more easily than milliseconds. */
function rowsOf(report: ChangesetReport): InsightRow[] {
  const { timeToFirstReviewMs, reviewRounds, cycleMs, parts, bySize } = report;
  const hours = (value: number | null): number | null =>
    value === null ? null : Math.round(value / 36_000) / 100;
  const duration = (measure: string, { count, p50, p75, p90 }: typeof cycleMs): InsightRow => ({
    measure: `${measure}, hours`,
    count,
    p50: hours(p50),
    p75: hours(p75),
    p90: hours(p90),
  });
  return [
    duration('time to first review', timeToFirstReviewMs),
    { measure: 'review rounds', ...reviewRounds },
    duration('cycle time', cycleMs),
    duration('as a draft', parts.draftMs),
    duration('to the first review', parts.toFirstReviewMs),
    duration('in review', parts.inReviewMs),
    duration('waiting for the merge', parts.waitForMergeMs),
    ...bySize.map(({ upToLines, cycleMs: cycle }) =>
      duration(upToLines === null ? 'cycle time, larger' : `cycle time, up to ${upToLines} lines`, cycle),
    ),
  ];
}
