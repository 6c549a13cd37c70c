import type { Hono } from 'hono';
import { z } from 'zod';
import { dayOf, PERIODS } from '../../insights/calendar.ts';
import { INSIGHTS } from '../../insights/catalogue.ts';
import type { AppOptions } from '../app-options.ts';
import { readQuery } from '../body.ts';

const InsightQuery = z.strictObject({
  /** Read from the URL, since it may be given several times. */
  repo: z.string().min(1).optional(),
  since: z.string().optional(),
  until: z.string().optional(),
  by: z.enum(PERIODS).default('week'),
  bots: z.enum(['include', 'exclude']).default('include'),
  limit: z.coerce.number().int().min(1).max(1000).optional(),
});

/** `GET /api/v1/insights/NAME?repo=…&repo=…&since=&until=&by=&bots=&limit=`: over those repositories, or all. */
export function insightRoutes(app: Hono, { station, clock }: AppOptions): void {
  for (const insight of INSIGHTS) {
    app.get(`/api/v1/insights/${insight.name}`, async context => {
      const { since, until, by, bots, limit = insight.limit ?? 0 } = readQuery(context, InsightQuery);
      const repositoryIds = await idsOf(context.req.queries('repo') ?? []);
      const rows = await insight.rows(station.questions, {
        repositoryIds,
        sinceDay: since === undefined ? undefined : dayOf(since, 'since'),
        untilDay: until === undefined ? undefined : dayOf(until, 'until'),
        withoutBots: bots === 'exclude',
        nowMs: clock.nowMs(),
        by,
        limit,
      });
      return context.json({
        by: insight.byPeriod ? by : undefined,
        [insight.key]: rows,
        unread: insight.ofChurn ? await station.questions.unreadChurn(repositoryIds) : undefined,
      });
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
