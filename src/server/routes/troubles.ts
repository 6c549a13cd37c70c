import type { Hono } from 'hono';
import type { StationApi } from '../../station/station-api.ts';
import { reusing } from '../../station/status/reuse.ts';
import { findTroubles } from '../../station/status/troubles.ts';

/** What is stuck and why, over everything that a station does, grouped by cause. */
export function troubleRoutes(app: Hono, station: StationApi, nowMs: () => number): void {
  const troubles = reusing(() => findTroubles(station), nowMs);
  app.get('/api/v1/troubles', async context => context.json({ troubles: await troubles() }));
}
