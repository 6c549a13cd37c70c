import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { profilesOf } from './credentials/read-profiles.ts';
import { findCredentials } from './credentials/search.ts';
import type { Profile } from './object-store-definition.ts';

/** Name and bucket of the profile that is there without any credentials. */
export const LOCAL_PROFILE = 'local';
export const LOCAL_BUCKET = 'outbox';

export interface ProfileSearch {
  /** `--credentials FILE`. */
  readonly credentials?: string | undefined;
  /** `--only-credentials FILE`. */
  readonly onlyCredentials?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory?: string;
  /** The station folder. */
  readonly root: string;
  readonly log: Logger;
}

/**
 * The profiles to deliver to: those of the credentials file that counts (credentials/search.ts), or, where there is no
 * such file at all, the profile `local`, whose bucket `outbox` is a folder in `{root}/delivered`. Says in the log which
 * file was used and which were passed over. Throws credentials_missing for a file that was named and cannot be read,
 * credentials_invalid for faults in it.
 */
export async function findProfiles(search: ProfileSearch): Promise<readonly Profile[]> {
  const { credentials, onlyCredentials, environment, homeDirectory = homedir(), root, log } = search;
  try {
    const { path, profiles, passedOver } = await findCredentials({
      environment,
      homeDirectory,
      argument: credentials,
      only: onlyCredentials,
    });
    for (const other of passedOver) log.info(other, `credentials file passed over: ${other.why}`);
    log.info({ path, profiles: profiles.map(({ name }) => name) }, `credentials from ${path}`);
    return profiles;
  } catch (error) {
    const wasNamed = credentials !== undefined || onlyCredentials !== undefined;
    if (wasNamed || !(error instanceof SluiceError)) throw error;
    if (error.code === 'credentials_missing') return localProfile(root);
    throw new SluiceError(error.code, error.message, {
      cause: error,
      hint: "This is AWS's own credentials file, found because none was named. Name one for sluice with --credentials FILE.",
    });
  }
}

/** The profile that needs no account: a folder as store. Makes the folder and its bucket. Throws disk_*. */
function localProfile(root: string): readonly Profile[] {
  const path = join(root, 'delivered');
  try {
    mkdirSync(join(path, LOCAL_BUCKET), { recursive: true });
  } catch (error) {
    throw asSluiceError(error, { operation: 'make the local store', subject: path });
  }
  const values = new Map([
    ['provider', 'directory'],
    ['path', path],
  ]);
  return profilesOf([{ name: LOCAL_PROFILE, values }], 'the local profile');
}
