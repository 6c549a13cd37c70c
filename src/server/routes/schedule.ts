import type { Hono } from 'hono';
import { z } from 'zod';
import type { StationApi } from '../../station/station-api.ts';
import { readQuery } from '../body.ts';

const Query = z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(100) });

/** What runs and what comes next, with reasons (S6). */
export function scheduleRoutes(app: Hono, { schedule }: Pick<StationApi, 'schedule'>): void {
  app.get('/api/v1/schedule', async context =>
    context.json(await schedule.upcoming(readQuery(context, Query).limit)),
  );
}
