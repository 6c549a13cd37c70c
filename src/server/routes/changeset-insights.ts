import type { Hono } from 'hono';
import { z } from 'zod';
import { PERIODS } from '../../insights/calendar.ts';
import { openChangesets } from '../../insights/changesets/open.ts';
import { reportQuery, STALE_AFTER_DAYS } from '../../insights/changesets/question.ts';
import { changesetReport } from '../../insights/changesets/report.ts';
import type { AppOptions } from '../app-options.ts';
import { readQuery } from '../body.ts';

const DAY_MS = 86_400_000;

const Day = z.iso.date({ error: 'must be a day like 2026-01-31' });
const Query = z.strictObject({
  host: z.string().min(1).optional(),
  repository: z.string().min(1).optional(),
  /** From this day on, UTC; 90 days before `until` unless given. */
  since: Day.optional(),
  /** Before this day, UTC; up to now unless given. */
  until: Day.optional(),
  by: z.enum(PERIODS).default('week'),
  staleAfterDays: z.coerce.number().int().min(1).max(3650).default(STALE_AFTER_DAYS),
});

const OpenQuery = Query.pick({ host: true, repository: true, staleAfterDays: true });

/** How changesets are reviewed and merged. */
export function changesetInsightRoutes(app: Hono, { station, clock }: AppOptions): void {
  app.get('/api/v1/insights/changesets', async context => {
    const query = reportQuery(readQuery(context, Query), clock.nowMs(), '');
    return context.json(await changesetReport(station.questions, query, clock.nowMs()));
  });
  app.get('/api/v1/insights/changesets/open', async context => {
    const { staleAfterDays, host, repository } = readQuery(context, OpenQuery);
    const scope = { host, repository, staleAfterMs: staleAfterDays * DAY_MS };
    return context.json(await openChangesets(station.questions, scope, clock.nowMs()));
  });
}
