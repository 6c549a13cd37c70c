import { systemClock } from '../../../base/clock.ts';
import { isPostgresAddress } from '../../../base/text.ts';
import { serveThread } from '../../../base/thread-server.ts';
import { BAKE_CACHE_BYTES, type BakeProtocol, type BakeThreadSetup, bakeServer } from './bake-server.ts';

/** Entry of a bake thread: its own connection to the database, and nothing else of the station. */
await serveThread<BakeProtocol, BakeThreadSetup>(({ storeUrl }) =>
  bakeServer({ store: open(storeUrl), clock: systemClock }),
);

async function open(url: string) {
  const here = { clock: systemClock, cacheBytes: BAKE_CACHE_BYTES };
  if (!isPostgresAddress(url))
    return (await import('../../../keep/sqlite/open-store.ts')).openStore(url, here);
  const { openPostgresStore } = await import('../../../keep/postgres/open-store.ts');
  return openPostgresStore({ clock: systemClock, url, connections: 2, applicationName: 'sluice bake' });
}
