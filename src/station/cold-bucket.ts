import { SluiceError } from '../base/errors.ts';
import { type Logger, silentLogger } from '../base/log.ts';
import type { Config } from '../config/schema.ts';
import type { LoadObjectStores } from '../deliver/service.ts';
import type { ObjectStore } from '../keep/buckets/bucket.ts';

export interface ColdBucketOptions {
  /** As it is now. */
  readonly config: () => Config;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
  readonly loadObjectStores: LoadObjectStores;
}

/**
 * Opens the object store of a profile for the clone cache's cold storage, by the credentials that deliveries go by.
 * @throws SluiceError `destination_invalid` for a profile that is not there, `credentials_*`
 */
export function coldBucketOpener(options: ColdBucketOptions): (profile: string) => Promise<ObjectStore> {
  const { config, env, log, loadObjectStores } = options;
  return async name => {
    // Loaded when first needed: most commands never are.
    const { findProfiles } = await import('../keep/buckets/profiles.ts');
    const profiles = await findProfiles({ deliver: config().deliver, env }, log);
    const reread = () => findProfiles({ deliver: config().deliver, env }, silentLogger);
    const profile = profiles.find(each => each.name === name);
    if (profile) return (await loadObjectStores([profile], reread))(profile);
    throw new SluiceError(
      'destination_invalid',
      `cache.coldStorage names profile "${name}", which is not there`,
      { hint: `Profiles are: ${profiles.map(each => each.name).join(', ')}.` },
    );
  };
}
