import { join } from 'node:path';
import { SluiceError } from '../base/errors.ts';
import { liesIn, locationsOf, readMounts } from '../base/files/locations.ts';
import { definitionOf } from '../keep/buckets/definitions.ts';
import type { Profile } from '../keep/buckets/object-store-definition.ts';
import type { DeliverySettings } from './settings.ts';

interface DeliveryPlaces {
  readonly root: string;
  readonly profiles: readonly Profile[];
  readonly settings: DeliverySettings;
}

/**
 * Throws `config_invalid` where a store keeps its objects in a folder of this machine that is delivered itself: each of
 * them would be delivered again, under a longer name each time. Links on the way are followed, and mounts looked through.
 */
export function refuseCircles({ root, profiles, settings }: DeliveryPlaces): void {
  const mounts = readMounts();
  const watched = [{ path: join(root, 'incoming') }, ...settings.folders];
  for (const profile of profiles) {
    const folderOf = definitionOf(profile).folderOf;
    if (!folderOf) continue;
    for (const { path } of watched) {
      const own = settings.folders.filter(one => one.path === path && one.profile === profile.name);
      const stored = ['', ...own.map(({ bucket, prefix }) => `${bucket}/${prefix}`)].map(place =>
        folderOf(profile, place),
      );
      const from = locationsOf(path, mounts);
      // Any bucket of the store lies in what is delivered, or the folder lies among the objects that it becomes.
      const isCircle = stored
        .map(place => locationsOf(place, mounts))
        .some((to, index) => liesIn(to, from) || (index > 0 && liesIn(from, to)));
      if (!isCircle) continue;
      throw new SluiceError(
        'config_invalid',
        `the profile ${profile.name} keeps its objects in ${stored[0]}, and ${path} is delivered: each object would be delivered again`,
        { subject: path, hint: 'Give the profile a path outside of what is delivered.' },
      );
    }
  }
}
