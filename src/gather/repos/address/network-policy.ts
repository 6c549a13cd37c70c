import type { Config } from '../../../config/schema.ts';
import type { Repository } from '../../../keep/store/types.ts';
import { publicAddresses } from './public-address.ts';
import type { RepositoryUrl } from './url.ts';

/** Whether somebody who may name any address wants it tracked: everybody but who asks over the API. */
export function isTrusted({ trackedBy }: Pick<Repository, 'trackedBy'>): boolean {
  return trackedBy.some(origin => origin !== 'api');
}

/**
 * The IP addresses that a connection to `place` must go to; undefined when any will do. What was asked for over the
 * API, and what a host sends us to, may only be on the public internet unless the configuration says otherwise. What
 * the configuration or the command line names may be anywhere, and may move about on its own host.
 * @param own the repository's own address
 * @throws SluiceError as `publicAddresses`
 */
export async function addressesToPin(
  { scheme, host, port }: RepositoryUrl,
  repository: Pick<Repository, 'trackedBy'>,
  own: RepositoryUrl,
  { git }: Pick<Config, 'git'>,
): Promise<readonly string[] | undefined> {
  const isOwnHost = host === own.host && port === own.port;
  if (scheme === 'file' || git.allowPrivateAddresses) return undefined;
  return isTrusted(repository) && isOwnHost ? undefined : publicAddresses(host);
}
