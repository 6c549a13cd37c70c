import { systemClock } from '../../../base/clock.ts';
import { isPostgresAddress } from '../../../base/text.ts';
import { serveThread } from '../../../base/thread-server.ts';
import { type BakeProtocol, type BakeThreadSetup, bakeServer } from './bake-server.ts';

/**
 * Rows are written in the order of their tables, some thousands at once: bakes of 200 000 commits took as long with a
 * quarter of the database's usual cache, and 19 MiB less.
 */
const CACHE_BYTES = 4 * 2 ** 20;

/** Entry of a bake thread: its own connection to the database, and nothing else of the station. */
await serveThread<BakeProtocol, BakeThreadSetup>(({ storeUrl }) =>
  bakeServer({ store: open(storeUrl), clock: systemClock }),
);

async function open(url: string) {
  const options = { clock: systemClock };
  if (!isPostgresAddress(url))
    return (await import('../../../keep/sqlite/open-store.ts')).openStore(url, {
      ...options,
      cacheBytes: CACHE_BYTES,
    });
  const { openPostgresStore } = await import('../../../keep/postgres/open-store.ts');
  return openPostgresStore({ ...options, url, connections: 2, applicationName: 'sluice bake' });
}
