import type { ObjectStore } from '../keep/buckets/bucket.ts';
import type { Profile } from '../keep/buckets/credentials/profiles-in-file.ts';

/** A profile of the credentials with the store it leads to. */
export interface Destination {
  readonly profile: string;
  /** What the link's state is kept for: profiles of one endpoint share it. */
  readonly endpoint: string;
  readonly store: ObjectStore;
}

/** The address that a profile's link is known by. */
export function endpointOf(profile: Profile): string {
  return profile.kind === 's3' ? profile.endpoint : profile.path;
}

/** Opens every profile's store. No connection is made before its first call. */
export function openDestinations(
  profiles: readonly Profile[],
  openStore: (profile: Profile) => ObjectStore,
): Destination[] {
  return profiles.map(profile => ({
    profile: profile.name,
    endpoint: endpointOf(profile),
    store: openStore(profile),
  }));
}
