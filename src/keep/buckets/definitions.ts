import type { Clock } from '../../base/clock.ts';
import type { ObjectStore } from './bucket.ts';
import { directoryDefinition } from './directory/definition.ts';
import type { ObjectStoreDefinition, ObjectStoreOpener, Profile } from './object-store-definition.ts';
import { s3Definition } from './s3/definition.ts';

/** Every kind of object store, in the order of messages. The one list of them. */
export const OBJECT_STORES: readonly ObjectStoreDefinition[] = [s3Definition, directoryDefinition];

/** The definition behind a profile. */
export function definitionOf({ kind }: Pick<Profile, 'kind'>): ObjectStoreDefinition {
  const definition = OBJECT_STORES.find(each => each.kind === kind);
  if (!definition) throw new Error(`there is no kind of object store called ${kind}`);
  return definition;
}

/**
 * Loads each kind of object store that a profile names, and no other: the libraries of some take megabytes. The
 * function it answers with opens stores of these kinds.
 * @param reread reads all profiles anew from their file, when a server refuses a key
 */
export async function loadObjectStores(
  profiles: readonly Profile[],
  clock: Clock,
  reread?: () => Promise<readonly Profile[]>,
): Promise<(profile: Profile) => ObjectStore> {
  const openers = new Map<string, ObjectStoreOpener>();
  for (const profile of profiles) {
    if (!openers.has(profile.kind)) openers.set(profile.kind, await definitionOf(profile).load());
  }
  return profile => {
    const opener = openers.get(profile.kind);
    if (!opener) throw new Error(`the store of profile ${profile.name} is not loaded`);
    const isIt = (other: Profile): boolean => other.name === profile.name && other.kind === profile.kind;
    return opener.open(profile, { clock, reread: reread && (async () => (await reread()).find(isIt)) });
  };
}
