import type { Config } from '../../config/schema.ts';
import type { Repository } from '../../keep/store/types.ts';
import type { BakeJob } from './bake.ts';
import type { HttpCredentials } from './git/credentials.ts';
import type { RepositoryUrl } from './url.ts';

/** Forges take any user name with a token; this one is as good as another. */
const ANY_USERNAME = 'sluice';

/** What a bake needs of the configuration, with the credentials of the repository's host if there are any. */
export function bakeJob(
  repository: Repository,
  address: RepositoryUrl,
  config: Config,
  addresses?: readonly string[],
): BakeJob {
  return {
    repositoryId: repository.id,
    address,
    first: repository.lastBakedAtMs === null,
    cacheDirectory: config.cache.directory,
    tags: config.git.tags,
    idleTimeoutMs: config.git.idleTimeoutMs,
    credentials: credentialsFor(address, config),
    addresses,
  };
}

function credentialsFor({ scheme, host, port }: RepositoryUrl, config: Config): HttpCredentials | undefined {
  if (scheme !== 'https' && scheme !== 'http') return undefined;
  const found = config.hosts[`${host}:${port}`] ?? config.hosts[host];
  const token = found?.token ?? found?.tokens[0];
  return token === undefined ? undefined : { token, username: found?.username ?? ANY_USERNAME };
}
