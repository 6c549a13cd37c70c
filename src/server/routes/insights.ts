import type { Answer } from '../../api/operations.ts';
import type { OperationName } from '../../api/paths.ts';
import { dayOf } from '../../insights/calendar.ts';
import { INSIGHTS } from '../../insights/catalogue.ts';
import { cycleTimes } from '../../insights/changesets/cycle-times.ts';
import { openChangesets } from '../../insights/changesets/open.ts';
import { reportQuery } from '../../insights/changesets/question.ts';
import { changesetReport } from '../../insights/changesets/report.ts';
import { reviewLoad } from '../../insights/changesets/review-load.ts';
import { checkedPathGlobs } from '../../insights/path-globs.ts';
import type { RouteOptions } from '../app-options.ts';

/** The operation that answers each insight of the catalogue. */
export const INSIGHT_OPERATIONS = {
  commits: 'getCommits',
  churn: 'getChurn',
  contributors: 'getContributors',
  authors: 'getAuthors',
  'bus-factor': 'getBusFactor',
  hotspots: 'getHotspots',
  'last-commit': 'getLastCommits',
  'merge-share': 'getMergeShare',
  'punch-card': 'getPunchCard',
} as const satisfies Readonly<Record<string, OperationName>>;

/** Insights: over the repositories named, or all. */
export function insightRoutes({ station, clock, operation }: RouteOptions): void {
  for (const insight of INSIGHTS) {
    const name = INSIGHT_OPERATIONS[insight.name as keyof typeof INSIGHT_OPERATIONS];
    operation(name, async ({ query }) => {
      const { repo = [], path = [], since, until, by, bots, limit = insight.limit ?? 0 } = query;
      const paths = checkedPathGlobs(path, 'path');
      const repositoryIds = await idsOf(repo);
      const rows = await insight.rows(station.questions, {
        repositoryIds,
        sinceDay: since === undefined ? undefined : dayOf(since, 'since'),
        untilDay: until === undefined ? undefined : dayOf(until, 'until'),
        withoutBots: bots === 'exclude',
        nowMs: clock.nowMs(),
        paths,
        by,
        limit,
      });
      const isByFile = paths.length > 0;
      const answer = {
        by: insight.byPeriod ? by : undefined,
        [insight.key]: rows,
        unread: insight.ofChurn || isByFile ? await station.questions.unreadChurn(repositoryIds) : undefined,
        pathCount: isByFile ? await station.questions.countPaths({ repositoryIds, paths }) : undefined,
      };
      // Rows have the catalogue's columns, which a test compares with the schema's.
      return answer as unknown as Answer<typeof name>;
    });
  }

  const idsOf = async (urls: readonly string[]): Promise<number[]> => {
    const repositories =
      urls.length === 0
        ? await station.repositories.list()
        : await Promise.all(urls.map(url => station.repositories.find(url)));
    return [...new Set(repositories.map(({ id }) => id))];
  };
}

const DAY_MS = 86_400_000;

/** How changesets are reviewed and merged. */
export function changesetInsightRoutes({ station, clock, operation }: RouteOptions): void {
  operation('getChangesetReport', ({ query }) => {
    const nowMs = clock.nowMs();
    return changesetReport(station.questions, reportQuery(query, nowMs, ''), nowMs);
  });
  operation('getCycleTimes', async ({ query }) => {
    const nowMs = clock.nowMs();
    const { by } = query;
    return { by, ...(await cycleTimes(station.questions, reportQuery(query, nowMs, ''))) };
  });
  operation('getReviewLoad', async ({ query: { limit, ...query } }) => {
    const { by } = query;
    const window = reportQuery(query, clock.nowMs(), '');
    return { by, ...(await reviewLoad(station.questions, window, limit)) };
  });
  operation('getOpenChangesets', ({ query: { staleAfterDays, host, repository } }) => {
    const scope = { host, repository, staleAfterMs: staleAfterDays * DAY_MS };
    return openChangesets(station.questions, scope, clock.nowMs());
  });
}
