import { listedClone } from '../../gather/repos/cache/api.ts';
import type { RouteOptions } from '../app-options.ts';

/** The clones on disk: what is there, pins, evictions. `POST /bake` fetches one. */
export function cacheRoutes({ station: { cache }, operation }: RouteOptions): void {
  operation('getCache', async () => {
    const [figures, clones] = await Promise.all([cache.figures(), cache.list()]);
    return { ...figures, entries: clones.map(listedClone) };
  });
  operation('pinClone', async ({ body: { url, pinned } }) => {
    await cache.pin(url, pinned);
    return { url, pinned };
  });
  operation('evictClones', ({ body }, context) => cache.evict(body, context.req.raw.signal));
}
