import type { ObjectStore } from '../keep/buckets/bucket.ts';
import { definitionOf } from '../keep/buckets/definitions.ts';
import type { Profile } from '../keep/buckets/object-store-definition.ts';

/** A profile of the credentials with the store it leads to. */
export interface Destination {
  readonly profile: string;
  /** What health is known of: profiles of one endpoint share it. */
  readonly endpoint: string;
  readonly store: ObjectStore;
  /**
   * Calls `listener` when the profile's key has become another: its file changed, a refused key was read anew, or whoever
   * gives it out did so again after a failure. The function returned ends that.
   */
  onKeyChange(listener: () => void): () => void;
}

/** Opens every profile's store. No connection is made before its first call. */
export function openDestinations(
  profiles: readonly Profile[],
  openStore: (profile: Profile) => ObjectStore,
): Destination[] {
  return profiles.map(profile => {
    const store = openStore(profile);
    return {
      profile: profile.name,
      endpoint: definitionOf(profile).endpointOf(profile),
      store,
      onKeyChange: listener => store.key?.onChange(listener) ?? (() => undefined),
    };
  });
}
