import { systemClock } from '../../../base/clock.ts';
import { serveThread } from '../../../base/thread-server.ts';
import { openStore } from '../../../keep/sqlite/open-store.ts';
import { type BakeProtocol, type BakeThreadSetup, bakeServer } from './bake-server.ts';

/** Entry of a bake thread: its own connection to the database, and nothing else of the station. */
await serveThread<BakeProtocol, BakeThreadSetup>(({ storeUrl }) =>
  bakeServer({ store: openStore(storeUrl, { clock: systemClock }), clock: systemClock }),
);
