import type { Config } from '../../config/schema.ts';
import type { Repository } from '../../keep/store/types.ts';
import type { BakeJob } from './bake.ts';
import type { RepositoryUrl } from './url.ts';

/** What a bake needs of the configuration, with the credentials of the repository's host if there are any. */
export function bakeJob(repository: Repository, address: RepositoryUrl, config: Config): BakeJob {
  const { tags, idleTimeoutMs, connectTimeoutMs } = config.git;
  return {
    repositoryId: repository.id,
    address,
    cacheDirectory: config.cache.directory,
    tags,
    idleTimeoutMs,
    connectTimeoutMs,
    credentials: credentialsFor(address, config),
  };
}
