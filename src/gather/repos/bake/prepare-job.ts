import type { Config } from '../../../config/schema.ts';
import type { Repository } from '../../../keep/store/types.ts';
import { forgeSettings } from '../../forges/settings.ts';
import { addressesToPin } from '../address/network-policy.ts';
import { parseRepositoryUrl, type RepositoryUrl } from '../address/url.ts';
import type { HttpCredentials } from '../git/credentials.ts';
import type { BakeJob, SizeHost } from './job.ts';

/**
 * For so long a redirect counts as seen; then its own address is asked again, which may have a repository of its own by
 * then.
 */
const REDIRECT_SEEN_FOR_MS = 24 * 3_600_000;
/** Forges take any user name with a token; this one is as good as another. */
const ANY_USERNAME = 'sluice';

/**
 * What a bake needs of the configuration, with the credentials of the repository's host if there are any.
 * @param at where the connection goes: `addresses` to pin, and `place` when the repository has moved there
 */
export function bakeJob(
  repository: Repository,
  address: RepositoryUrl,
  config: Config,
  at: Partial<Pick<BakeJob, 'addresses' | 'place'>> = {},
): BakeJob {
  const { addresses, place } = at;
  return {
    repositoryId: repository.id,
    address,
    first: repository.lastBakedAtMs === null,
    cacheDirectory: config.cache.directory,
    tags: config.git.tags,
    place,
    idleTimeoutMs: config.git.idleTimeoutMs,
    connectTimeoutMs: config.git.connectTimeoutMs,
    credentials: credentialsFor(place ?? address, config),
    sizeHost: sizeHostOf(place ?? address, config),
    addresses,
  };
}

/**
 * The job of a bake at `place`, or at the repository's own address where that is undefined, with the addresses that the
 * connection must go to. Throws as `addressesToPin`.
 */
export async function bakeJobAt(
  place: RepositoryUrl | undefined,
  repository: Repository,
  address: RepositoryUrl,
  config: Config,
): Promise<BakeJob> {
  const addresses = await addressesToPin(place ?? address, repository, address, config);
  return bakeJob(repository, address, config, { addresses, place });
}

/** The job where the repository was last known to be. Throws `url_*`. */
export function bakeJobAtKnownPlace(repository: Repository, config: Config, nowMs: number): Promise<BakeJob> {
  const address = parseRepositoryUrl(repository.url, { from: 'config' });
  return bakeJobAt(knownPlace(repository, nowMs), repository, address, config);
}

/** Where a repository's address was last seen to redirect to; undefined where it did not, or too long ago. */
export function knownPlace({ movedTo, movedSeenAtMs }: Repository, nowMs: number): RepositoryUrl | undefined {
  const isFresh = nowMs - (movedSeenAtMs ?? 0) < REDIRECT_SEEN_FOR_MS;
  return movedTo !== null && isFresh ? parseRepositoryUrl(movedTo, { from: 'config' }) : undefined;
}

/** The code host that a repository is on, for asking its size. Its token may be for the API alone. */
function sizeHostOf({ scheme, host, port }: RepositoryUrl, { hosts }: Config): SizeHost | undefined {
  if (scheme === 'file' || scheme === 'git') return undefined;
  const known = forgeSettings({ hosts }, 0);
  // Over SSH the port is not that of the API.
  const named = scheme === 'ssh' ? undefined : known.find(each => each.host === `${host}:${port}`);
  const settings = named ?? known.find(each => each.host === host);
  if (!settings) return undefined;
  const credential = settings.credentials.find(({ kind }) => kind === 'token');
  const token = credential?.kind === 'token' ? credential.token : undefined;
  return { kind: settings.kind, baseUrl: settings.baseUrl, apiUrl: settings.apiUrl, token };
}

/** The credentials that the configuration has for a host, by its name with port or without. */
export function credentialsFor(
  { scheme, host, port }: RepositoryUrl,
  config: Config,
): HttpCredentials | undefined {
  if (scheme !== 'https' && scheme !== 'http') return undefined;
  const settings = config.hosts[`${host}:${port}`] ?? config.hosts[host];
  const token = settings?.token ?? settings?.tokens[0];
  return token === undefined ? undefined : { token, username: settings?.username ?? ANY_USERNAME };
}
