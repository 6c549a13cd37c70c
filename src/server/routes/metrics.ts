import type { Hono } from 'hono';
import type { StationApi } from '../../station/station-api.ts';

/** Figures for Prometheus (S11), in its text format. */
export function metricsRoutes(app: Hono, { metrics }: StationApi): void {
  app.get('/metrics', async context => {
    context.header('Content-Type', metrics.contentType);
    return context.body(await metrics.render());
  });
}
