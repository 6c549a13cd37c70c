import type { Hono } from 'hono';
import type { StationApi } from '../../station/station-api.ts';

/** Figures for Prometheus (S11), in its text format. */
export function metricsRoutes(app: Hono, { metrics }: StationApi): void {
  app.get('/metrics', async context => {
    const { contentType, text } = await metrics.render();
    context.header('Content-Type', contentType);
    return context.body(text);
  });
}
