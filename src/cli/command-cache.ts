import { silentLogger } from '../base/log.ts';
import type { Config } from '../config/schema.ts';
import type { CloneCache } from '../gather/repos/cache/clone-cache.ts';
import { createCloneCache } from '../station/cache.ts';
import type { Cli, Keep } from './cli.ts';

/** The cache as a command has it, beside a station or without one: the claims keep the two apart. */
export function commandCache(config: Config, keep: Keep, cli: Cli): CloneCache {
  return createCloneCache({
    ...cli,
    ...keep,
    config: () => config,
    log: silentLogger,
  });
}
