import type { Hono } from 'hono';
import { z } from 'zod';
import { asSluiceError } from '../../base/errors.ts';
import { cacheAnswer } from '../../station/status/answer-cache.ts';
import { findTroubles } from '../../station/status/troubles.ts';
import type { RouteOptions } from '../app-options.ts';
import { readJson, readQuery } from '../body.ts';
import type { tokenGuard } from '../guard.ts';

/** What was found of the database counts for this long. */
const HEALTH_FRESH_MS = 1000;
/** Whoever has no token yet may send this much. */
const MAX_SESSION_BYTES = 4096;
const SessionRequest = z.strictObject({ token: z.string() });
const ScheduleQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(100) });

/** Is it there, is it well, what is it doing, what comes next, and what is stuck. */
export function statusRoutes(app: Hono, { station, clock }: RouteOptions): void {
  const troubles = cacheAnswer(() => findTroubles(station), clock);
  app.get('/ping', context => context.text('pong\n'));
  // Anybody may ask, as often as they like.
  const health = cacheAnswer(() => station.checkStore(), clock, HEALTH_FRESH_MS);
  app.get('/healthz', async context => {
    try {
      await health();
      return context.json({ status: 'ok' });
    } catch (error) {
      return context.json({ status: 'the database cannot be read', code: asSluiceError(error).code }, 503);
    }
  });
  app.get('/readyz', context => {
    if (!station.ready()) return context.json({ status: 'starting or stopping' }, 503);
    const trouble = station.deliveries.journalTrouble();
    if (!trouble) return context.json({ status: 'ready' });
    return context.json({ status: 'the journal cannot be written', code: trouble.code }, 503);
  });
  app.get('/api/v1/status', async context => context.json(await station.status()));
  app.get('/api/v1/schedule', async context =>
    context.json(await station.schedule.upcoming(readQuery(context, ScheduleQuery).limit)),
  );
  app.get('/api/v1/troubles', async context => context.json({ troubles: await troubles() }));
  // For Prometheus, in its text format.
  app.get('/metrics', async context => {
    const { contentType, text } = await station.metrics.render();
    context.header('Content-Type', contentType);
    return context.body(text);
  });
}

/** A session cookie for the dashboard, in exchange for the token. */
export function sessionRoute(
  app: Hono,
  guard: ReturnType<typeof tokenGuard>,
  { bodies }: RouteOptions,
): void {
  app.post('/api/v1/session', async context => {
    const { token } = await readJson(context, SessionRequest, bodies, MAX_SESSION_BYTES);
    guard.openSession(context, token);
    return context.body(null, 204);
  });
}
