import type { ObjectStore } from '../keep/buckets/bucket.ts';
import { definitionOf } from '../keep/buckets/definitions.ts';
import type { Profile } from '../keep/buckets/object-store-definition.ts';

/** A profile of the credentials with the store it leads to. */
export interface Destination {
  readonly profile: string;
  /** What health is known of: profiles of one endpoint share it. */
  readonly endpoint: string;
  readonly store: ObjectStore;
}

/** Opens every profile's store. No connection is made before its first call. */
export function openDestinations(
  profiles: readonly Profile[],
  openStore: (profile: Profile) => ObjectStore,
): Destination[] {
  return profiles.map(profile => ({
    profile: profile.name,
    endpoint: definitionOf(profile).endpointOf(profile),
    store: openStore(profile),
  }));
}
