import type { Clock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import type { Config } from '../../src/config/schema.ts';
import type { WorkQueue } from '../../src/engine/queue/work-queue.ts';
import { CloneCache } from '../../src/gather/repos/cache/clone-cache.ts';
import { cacheSettings } from '../../src/gather/repos/cache/settings.ts';
import { createCloneRecords } from '../../src/keep/sqlite/local/clone-records.ts';
import type { SqliteStore } from '../../src/keep/sqlite/open-store.ts';

/** The cache of a configuration, without cold storage. */
export function cacheOf(context: {
  readonly config: Config;
  readonly store: SqliteStore;
  readonly queue: WorkQueue;
  readonly clock: Clock;
}): CloneCache {
  const { config, store, queue, clock } = context;
  return new CloneCache({
    queue,
    clock,
    log: silentLogger,
    clones: createCloneRecords(store.database),
    settings: () => cacheSettings(config, '/'),
    openBucket: name => Promise.reject(new Error(`there is no profile ${name}`)),
  });
}
