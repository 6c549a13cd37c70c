import { homedir } from 'node:os';
import { join } from 'node:path';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import { makeFolderSync } from '../../base/files/make-folder.ts';
import type { Logger } from '../../base/log.ts';
import { proxyAt, proxyOf } from '../../base/proxy.ts';
import type { Config } from '../../config/schema.ts';
import { profilesOf } from './credentials/read-profiles.ts';
import {
  type ChosenCredentials,
  type CredentialsSearch,
  findCredentials,
  searchedPaths,
} from './credentials/search.ts';
import { definitionOf } from './definitions.ts';
import type { Profile } from './object-store-definition.ts';

/** Name and bucket of the profile that is there without any credentials. */
export const LOCAL_PROFILE = 'local';
export const LOCAL_BUCKET = 'outbox';

export interface ProfileSearch {
  /** The configuration's section: which file was named, and the station folder. */
  readonly deliver: Pick<
    Config['deliver'],
    'credentials' | 'onlyCredentials' | 'directory' | 'strictProfiles' | 'proxy'
  >;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory?: string;
}

/**
 * The profiles to deliver to: those of the credentials file that counts (credentials/search.ts), or, where no file was
 * named and none that was found is meant for sluice, the profile `local`, whose bucket `outbox` is a folder in
 * `{directory}/delivered`. Says in the log which file was used and what was passed over. Throws credentials_missing for
 * a file that was named and cannot be read, credentials_invalid for faults in it. May be called again at any time.
 */
export async function findProfiles(search: ProfileSearch, log: Logger): Promise<readonly Profile[]> {
  const { credentials, onlyCredentials, directory } = search.deliver;
  try {
    const chosen = await findCredentials(searchOf(search));
    tell(chosen, log);
    const { path } = chosen;
    const { env } = search;
    return await Promise.all(
      chosen.profiles.map(async profile => {
        const whole = await definitionOf(profile).withOtherFiles?.(profile, { path, env });
        return reachedBy(whole ?? profile, search);
      }),
    );
  } catch (error) {
    const wasNamed = credentials !== undefined || onlyCredentials !== undefined;
    if (wasNamed || !(error instanceof SluiceError)) throw error;
    if (error.code === 'credentials_missing') {
      const { profiles, madeFor } = localProfile(directory);
      const words = `${error.message}; files are delivered to the folder ${madeFor} only. To deliver to buckets, name a credentials file with --credentials FILE`;
      // Nobody is warned of files that are not there.
      if (error.subject === undefined) log.info(words);
      else log.warn(words);
      return profiles;
    }
    throw new SluiceError(error.code, error.message, {
      cause: error,
      hint: "This is AWS's own credentials file, found because none was named. Name one for sluice with --credentials FILE.",
    });
  }
}

/**
 * The profile, through the proxy that its endpoint is to be reached by: `deliver.proxy` over the environment.
 * @throws SluiceError config_invalid for what is set and cannot be a proxy
 */
function reachedBy(profile: Profile, { deliver, env }: ProfileSearch): Profile {
  const { withProxy, endpointOf } = definitionOf(profile);
  const url = withProxy && URL.parse(endpointOf(profile));
  if (!withProxy || !url) return profile;
  const set = deliver.proxy[profile.name];
  try {
    const setting = `deliver.proxy.${profile.name}`;
    const proxy = set === 'none' ? undefined : set === undefined ? proxyOf(url, env) : proxyAt(set, setting);
    return proxy ? withProxy(profile, proxy) : profile;
  } catch (error) {
    throw new SluiceError('config_invalid', (error as Error).message, { subject: profile.name });
  }
}

/** Every file whose change may change the profiles. Pure. */
export function pathsOfProfiles(search: ProfileSearch): string[] {
  return searchedPaths(searchOf(search));
}

function searchOf({ deliver, env, homeDirectory = homedir() }: ProfileSearch): CredentialsSearch {
  return {
    argument: deliver.credentials,
    only: deliver.onlyCredentials,
    strict: deliver.strictProfiles,
    environment: env,
    homeDirectory,
  };
}

function tell({ path, profiles, passedOver, othersProfiles, shared }: ChosenCredentials, log: Logger): void {
  for (const other of passedOver) log.info(other, `credentials file passed over: ${other.why}`);
  if (othersProfiles.length > 0) {
    log.info({ path, profiles: othersProfiles }, 'profiles without a provider passed over');
  }
  for (const file of shared) {
    log.warn({ path: file }, 'others can read the credentials; chmod 600 keeps them to yourself');
  }
  log.info({ path, profiles: profiles.map(({ name }) => name) }, `credentials from ${path}`);
}

/** The profile that needs no account: a folder as store. Makes the folder and its bucket. Throws disk_*. */
function localProfile(directory: string): {
  readonly profiles: readonly Profile[];
  readonly madeFor: string;
} {
  const path = join(directory, 'delivered');
  try {
    makeFolderSync(join(path, LOCAL_BUCKET));
  } catch (error) {
    throw asSluiceError(error, { operation: 'make the local store', subject: path });
  }
  const values = new Map([
    ['provider', 'directory'],
    ['path', path],
  ]);
  return { profiles: profilesOf([{ name: LOCAL_PROFILE, values }], 'the local profile'), madeFor: path };
}
