import { join } from 'node:path';
import { isWithin } from '../base/files/locations.ts';
import type { Finding } from './judge.ts';
import type { Config } from './schema.ts';

/**
 * What is wrong with `deliver.folders` beside each other and the delivery folder, by their names: a file that lies in two
 * of them would be taken twice, or taken for one that has just arrived. Pure.
 */
export function folderFaults({ deliver }: Pick<Config, 'deliver'>): Finding[] {
  const incoming = join(deliver.directory, 'incoming');
  return deliver.folders.flatMap(({ path }, index) => {
    const words =
      spoolFault(path, incoming) ??
      siblingFault(
        path,
        deliver.folders.slice(0, index).map(one => one.path),
      );
    return words === undefined ? [] : [{ path: ['deliver', 'folders', index, 'path'], message: words }];
  });
}

function spoolFault(path: string, incoming: string): string | undefined {
  if (isWithin(path, incoming)) return `lies in ${incoming}, which is delivered as it is; take it out`;
  if (isWithin(incoming, path))
    return `holds ${incoming}, which is delivered by itself; name the folders beside it, or give deliver.directory a place elsewhere`;
  return undefined;
}

function siblingFault(path: string, before: readonly string[]): string | undefined {
  for (const other of before) {
    if (other === path) return 'is named twice; a folder has one destination';
    if (isWithin(path, other)) return `lies in ${other}, which is named as well; name the outer one only`;
    if (isWithin(other, path)) return `holds ${other}, which is named as well; name the outer one only`;
  }
  return undefined;
}
