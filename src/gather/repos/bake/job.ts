import type { ForgeSettings } from '../../forges/forge.ts';
import type { RepositoryUrl } from '../address/url.ts';
import type { Remote } from '../git/access.ts';
import type { HttpCredentials } from '../git/credentials.ts';

/** The code host that a repository is on, where the configuration says what answers there or everybody knows. */
export interface SizeHost extends Pick<ForgeSettings, 'kind' | 'baseUrl' | 'apiUrl'> {
  readonly token: string | undefined;
}

/** Everything that one bake needs to know; plain data, so that it can go to another thread. */
export interface BakeJob {
  readonly repositoryId: number;
  /** Token of the claim that it is done under: what comes after the claim is lost is written nowhere. */
  readonly claim: number;
  readonly address: RepositoryUrl;
  readonly cacheDirectory: string;
  /** Nothing has been read of it yet. */
  readonly first: boolean;
  /** Tags too, and so the commits that only tags reach. */
  readonly tags: boolean;
  /** Where its address redirects to, when that has been followed and judged. */
  readonly place: RepositoryUrl | undefined;
  /** Longest silence of git before it is given up. */
  readonly idleTimeoutMs: number;
  /** How long the host may take to accept a connection. */
  readonly connectTimeoutMs: number;
  /** For the repository's host; never logged or stored. */
  readonly credentials: HttpCredentials | undefined;
  /** Whom to ask how large it is. */
  readonly sizeHost: SizeHost | undefined;
  /** A repository on this disk is read whoever owns it: `git.trustedPaths`. */
  readonly trustsOwner?: boolean;
  /** The mailmap of the station, beside the repository's own. */
  readonly mailmapFile?: string | undefined;
  /** The only addresses that may be connected to, where not every one is allowed. */
  readonly addresses: readonly string[] | undefined;
}

/** The repository at its host, as a job has it. */
export function remoteOf(job: BakeJob): Remote {
  const { address, place, credentials, addresses, connectTimeoutMs, trustsOwner } = job;
  return { ...address, place, credentials, addresses, connectTimeoutMs, trustsOwner };
}
