import type { Config } from '../../../config/schema.ts';
import type { Claim } from '../../../engine/queue/work-queue.ts';
import type { Repository } from '../../../keep/store/types.ts';
import { forgeDefinition } from '../../forges/definitions.ts';
import { credentialsForOwner } from '../../forges/forge.ts';
import { forgeSettings } from '../../forges/settings.ts';
import { addressesToPin } from '../address/network-policy.ts';
import { isBelowFolder } from '../address/path.ts';
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
/** The one that GitHub names for the tokens of Apps (docs.github.com, "Authenticating as a GitHub App installation"). */
const APP_USERNAME = 'x-access-token';

/**
 * What a bake needs of the configuration, with the credentials of the repository's host if there are any. Throws as
 * `credentialsFor`.
 * @param claim under which it is done
 * @param at where the connection goes: `addresses` to pin, and `place` when the repository has moved there
 */
export async function bakeJob(
  repository: Repository,
  address: RepositoryUrl,
  claim: Pick<Claim, 'token'>,
  config: Config,
  at: Partial<Pick<BakeJob, 'addresses' | 'place'>> = {},
): Promise<BakeJob> {
  const { addresses, place } = at;
  const credentials = await credentialsFor(place ?? address, config);
  return {
    repositoryId: repository.id,
    claim: claim.token,
    address,
    first: repository.lastBakedAtMs === null,
    cacheDirectory: config.cache.directory,
    tags: config.git.tags,
    place,
    idleTimeoutMs: config.git.idleTimeoutMs,
    connectTimeoutMs: config.git.connectTimeoutMs,
    credentials,
    sizeHost: sizeHostOf(place ?? address, config, credentials),
    trustsOwner: address.scheme === 'file' && isBelowFolder(address.url, config.git.trustedPaths),
    mailmapFile: config.mailmap,
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
  claim: Pick<Claim, 'token'>,
  config: Config,
): Promise<BakeJob> {
  const addresses = await addressesToPin(place ?? address, repository, address, config);
  return bakeJob(repository, address, claim, config, { addresses, place });
}

/** The job where the repository was last known to be. Throws `url_*`. */
export function bakeJobAtKnownPlace(
  repository: Repository,
  claim: Pick<Claim, 'token'>,
  config: Config,
  nowMs: number,
): Promise<BakeJob> {
  const address = parseRepositoryUrl(repository.url, { from: 'config' });
  return bakeJobAt(knownPlace(repository, nowMs), repository, address, claim, config);
}

/** Where a repository's address was last seen to redirect to; undefined where it did not, or too long ago. */
export function knownPlace({ movedTo, movedSeenAtMs }: Repository, nowMs: number): RepositoryUrl | undefined {
  const isFresh = nowMs - (movedSeenAtMs ?? 0) < REDIRECT_SEEN_FOR_MS;
  return movedTo !== null && isFresh ? parseRepositoryUrl(movedTo, { from: 'config' }) : undefined;
}

/**
 * The code host that a repository is on, for asking its size. Its token may be for the API alone.
 * @param credentials for the repository, which an App's API takes as well
 */
function sizeHostOf(
  { scheme, host, port }: RepositoryUrl,
  { hosts }: Config,
  credentials: HttpCredentials | undefined,
): SizeHost | undefined {
  if (scheme === 'file' || scheme === 'git') return undefined;
  const known = forgeSettings({ hosts }, 0);
  // Over SSH the port is not that of the API.
  const named = scheme === 'ssh' ? undefined : known.find(each => each.host === `${host}:${port}`);
  const settings = named ?? known.find(each => each.host === host);
  if (!settings) return undefined;
  const ofApi = settings.credentials.find(({ kind }) => kind === 'token');
  const ofApp = credentials?.username === APP_USERNAME ? credentials.token : undefined;
  const token = ofApi?.kind === 'token' ? ofApi.token : ofApp;
  return { kind: settings.kind, baseUrl: settings.baseUrl, apiUrl: settings.apiUrl, token };
}

/**
 * The credentials that the configuration has for a repository's address: the host's token, or one of the App's
 * installation for its owner. They are for the scheme, host and port that they are configured for alone: HTTPS, unless
 * `baseUrl` says otherwise.
 * @throws SluiceError where an App has no token to give: `token_refused`, or of the network
 */
export async function credentialsFor(
  place: RepositoryUrl,
  { hosts }: Pick<Config, 'hosts'>,
): Promise<HttpCredentials | undefined> {
  const name = hostNameOf(place, hosts);
  if (name === undefined) return undefined;
  const { token, tokens = [], username = ANY_USERNAME } = hosts[name] ?? {};
  const secret = token ?? tokens[0];
  if (secret !== undefined) return { token: secret, username };
  const forge = forgeSettings({ hosts }, 0).find(({ host }) => host === name);
  if (forge === undefined) return undefined;
  const owner = new URL(place.url).pathname.split('/')[1];
  const app = credentialsForOwner(forge.credentials, owner).find(({ kind }) => kind === 'app');
  if (app?.kind !== 'app') return undefined;
  const appToken = await forgeDefinition(forge.kind).appToken?.(app, forge);
  return appToken === undefined ? undefined : { token: appToken, username: APP_USERNAME };
}

/** The entry of `hosts` that an address is of, by scheme, host and port. */
function hostNameOf({ scheme, url, host, port }: RepositoryUrl, hosts: Config['hosts']): string | undefined {
  if (scheme !== 'https' && scheme !== 'http') return undefined;
  const { origin } = new URL(url);
  const isHere = (name: string): boolean =>
    URL.parse(hosts[name]?.baseUrl ?? `https://${name}`)?.origin === origin;
  return [`${host}:${port}`, host, ...Object.keys(hosts)].find(name => name in hosts && isHere(name));
}
