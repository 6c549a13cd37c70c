import type { Hono } from 'hono';
import { z } from 'zod';
import { SluiceError } from '../../base/errors.ts';
import { PERIODS } from '../../insights/calendar.ts';
import { openChangesets } from '../../insights/changesets/open.ts';
import { changesetReport } from '../../insights/changesets/report.ts';
import type { StationApi } from '../../station/station-api.ts';
import { readQuery } from '../body.ts';

const DAY_MS = 86_400_000;
const DEFAULT_WINDOW_DAYS = 90;

const Day = z.iso.date({ error: 'must be a day like 2026-01-31' });
const Query = z.strictObject({
  host: z.string().min(1).optional(),
  repository: z.string().min(1).optional(),
  /** First day, UTC; 90 days before `until` unless given. */
  since: Day.optional(),
  /** Last day, UTC; today unless given. */
  until: Day.optional(),
  by: z.enum(PERIODS).default('week'),
  staleAfterDays: z.coerce.number().int().min(1).max(3650).default(14),
});

const OpenQuery = Query.pick({ host: true, repository: true, staleAfterDays: true });

/** How changesets are reviewed and merged (S12). */
export function changesetInsightRoutes(app: Hono, station: StationApi, nowMs: () => number): void {
  app.get('/api/v1/insights/changesets', async context => {
    const { since, until, staleAfterDays, host, repository, by } = readQuery(context, Query);
    const untilMs = until === undefined ? nowMs() + 1 : Date.parse(until) + DAY_MS;
    const sinceMs = since === undefined ? untilMs - DEFAULT_WINDOW_DAYS * DAY_MS : Date.parse(since);
    if (sinceMs >= untilMs) throw new SluiceError('usage', 'since: lies after until');
    const query = {
      ...{ sinceMs, untilMs, by, staleAfterMs: staleAfterDays * DAY_MS },
      ...(host === undefined ? {} : { host }),
      ...(repository === undefined ? {} : { repository }),
    };
    return context.json(await changesetReport(station.source, query, nowMs()));
  });
  app.get('/api/v1/insights/changesets/open', async context => {
    const { staleAfterDays, host, repository } = readQuery(context, OpenQuery);
    const scope = { host, repository, staleAfterMs: staleAfterDays * DAY_MS };
    return context.json(await openChangesets(station.source, scope, nowMs()));
  });
}
