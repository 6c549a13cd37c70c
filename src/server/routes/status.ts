import type { Hono } from 'hono';
import { z } from 'zod';
import { asSluiceError } from '../../base/errors.ts';
import type { StationApi } from '../../station/station-api.ts';
import { readJson } from '../body.ts';
import type { tokenGuard } from '../guard.ts';

const SessionRequest = z.strictObject({ token: z.string() });

/** Is it there, is it well, what is it doing. */
export function statusRoutes(app: Hono, station: StationApi): void {
  app.get('/ping', context => context.text('pong\n'));
  app.get('/healthz', async context => {
    try {
      await station.checkStore();
      return context.json({ status: 'ok' });
    } catch (error) {
      return context.json({ status: 'the database cannot be read', code: asSluiceError(error).code }, 503);
    }
  });
  app.get('/readyz', context =>
    station.ready()
      ? context.json({ status: 'ready' })
      : context.json({ status: 'starting or stopping' }, 503),
  );
  app.get('/api/v1/status', async context => context.json(await station.status()));
}

/** A session cookie for the dashboard, in exchange for the token. */
export function sessionRoute(app: Hono, guard: ReturnType<typeof tokenGuard>, maxBodyBytes: number): void {
  app.post('/api/v1/session', async context => {
    const { token } = await readJson(context, SessionRequest, maxBodyBytes);
    guard.openSession(context, token);
    return context.body(null, 204);
  });
}
