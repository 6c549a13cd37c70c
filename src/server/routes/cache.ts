import type { Hono } from 'hono';
import { z } from 'zod';
import { listedClone } from '../../gather/repos/cache/api.ts';
import type { RouteOptions } from '../app-options.ts';
import { readJson } from '../body.ts';

const PinRequest = z.strictObject({ url: z.string().min(1), pinned: z.boolean().default(true) });
const EvictRequest = z.union([
  z.strictObject({ url: z.string().min(1) }),
  z.strictObject({ bytes: z.int().min(1) }),
]);

/** The clones on disk: what is there, pins, evictions. `POST /bake` fetches one. */
export function cacheRoutes(app: Hono, { station: { cache }, bodies }: RouteOptions): void {
  app.get('/api/v1/cache', async context => {
    const [figures, clones] = await Promise.all([cache.figures(), cache.list()]);
    return context.json({ ...figures, entries: clones.map(listedClone) });
  });
  app.post('/api/v1/cache/pin', async context => {
    const { url, pinned } = await readJson(context, PinRequest, bodies);
    await cache.pin(url, pinned);
    return context.json({ url, pinned });
  });
  app.post('/api/v1/cache/evict', async context => {
    const what = await readJson(context, EvictRequest, bodies);
    return context.json(await cache.evict(what, context.req.raw.signal));
  });
}
