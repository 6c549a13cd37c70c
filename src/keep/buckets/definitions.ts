import type { Clock } from '../../base/clock.ts';
import type { ObjectStore } from './bucket.ts';
import type { Profile } from './credentials/profiles-in-file.ts';

/** Part of the composition root: each kind of object store is loaded only where a profile names it. */
export async function loadObjectStores(
  profiles: readonly Profile[],
  clock: Clock,
): Promise<(profile: Profile) => ObjectStore> {
  const named = (kind: Profile['kind']): boolean => profiles.some(profile => profile.kind === kind);
  const [s3, directory] = await Promise.all([
    named('s3') ? import('./s3/store.ts') : undefined,
    named('directory') ? import('./directory/store.ts') : undefined,
  ]);
  return profile => {
    if (profile.kind === 's3' && s3) return new s3.S3Store(profile, { clock });
    if (profile.kind === 'directory' && directory) return new directory.DirectoryStore(profile, { clock });
    throw new Error(`the store of profile ${profile.name} is not loaded`);
  };
}
