import { silentLogger } from '../base/log.ts';
import type { Config } from '../config/schema.ts';
import type { CloneCache } from '../gather/repos/cache/clone-cache.ts';
import { createCloneCache } from '../gather/repos/cache/service.ts';
import type { Stores } from '../station/stores.ts';
import type { Cli } from './cli.ts';

/** The cache as a command has it, beside a station or without one: the claims keep the two apart. */
export function commandCache(config: Config, stores: Stores, cli: Cli): CloneCache {
  return createCloneCache({
    ...cli,
    ...stores,
    config: () => config,
    log: silentLogger,
  });
}
