import { openChangesets } from '../../insights/changesets/open.ts';
import { reportQuery } from '../../insights/changesets/question.ts';
import { changesetReport } from '../../insights/changesets/report.ts';
import type { RouteOptions } from '../app-options.ts';

const DAY_MS = 86_400_000;

/** How changesets are reviewed and merged. */
export function changesetInsightRoutes({ station, clock, operation }: RouteOptions): void {
  operation('getChangesetReport', ({ query }) => {
    const nowMs = clock.nowMs();
    return changesetReport(station.questions, reportQuery(query, nowMs, ''), nowMs);
  });
  operation('getOpenChangesets', ({ query: { staleAfterDays, host, repository } }) => {
    const scope = { host, repository, staleAfterMs: staleAfterDays * DAY_MS };
    return openChangesets(station.questions, scope, clock.nowMs());
  });
}
