import { join } from 'node:path';
import { SluiceError } from '../base/errors.ts';
import { type Locations, liesIn, locationsOf, readMounts } from '../base/files/locations.ts';
import type { FolderSettings } from './settings.ts';

interface WatchedPlaces {
  readonly root: string;
  readonly settings: { readonly folders: readonly Pick<FolderSettings, 'path'>[] };
}

interface Watched {
  readonly path: string;
  readonly at: Locations;
}

/**
 * Throws `config_invalid` where a folder is delivered under two names, by a link or a mount, or lies so in another one or
 * in `incoming`: each of its files would be taken twice. What the names alone show is a fault of the configuration.
 */
export function refuseSecondNames({ root, settings }: WatchedPlaces): void {
  const mounts = readMounts();
  const seen: Watched[] = [];
  for (const path of [join(root, 'incoming'), ...settings.folders.map(folder => folder.path)]) {
    const watched = { path, at: locationsOf(path, mounts) };
    for (const other of seen) {
      const words = wordsOf(watched, other);
      if (words === undefined) continue;
      const hint = 'Name each folder once, by one of its names; a folder has one destination.';
      throw new SluiceError('config_invalid', `${path} ${words}: each file would be taken twice`, {
        subject: path,
        hint,
      });
    }
    seen.push(watched);
  }
}

function wordsOf(one: Watched, other: Watched): string | undefined {
  const isIn = liesIn(one.at, other.at);
  const isAround = liesIn(other.at, one.at);
  if (isIn && isAround) return `is ${other.path} under another name, by a link or a mount`;
  if (isIn) return `lies in ${other.path}, which is delivered as well, by a link or a mount`;
  return isAround ? `holds ${other.path}, which is delivered as well, by a link or a mount` : undefined;
}
