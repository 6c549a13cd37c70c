import { silentLogger } from '../base/log.ts';
import type { Config } from '../config/schema.ts';
import { CloneCache } from '../gather/repos/cache/clone-cache.ts';
import { currentCacheSettings } from '../gather/repos/cache/settings.ts';
import { coldBucketOpener } from '../station/cold-bucket.ts';
import type { Stores } from '../station/stores.ts';
import type { Cli } from './cli.ts';

/** The cache as a command has it, beside a station or without one: the claims keep the two apart. */
export function commandCache(config: Config, { clones, queue }: Stores, cli: Cli): CloneCache {
  const { clock, cwd, env, loadObjectStores } = cli;
  const log = silentLogger;
  return new CloneCache({
    clones,
    queue,
    clock,
    log,
    settings: currentCacheSettings(() => config, cwd),
    openBucket: coldBucketOpener({ config: () => config, env, log, loadObjectStores }),
  });
}
