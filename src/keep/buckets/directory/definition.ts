import { join } from 'node:path';
import { settingOf } from '../credentials/ini.ts';
import { faultsOf } from '../credentials/key.ts';
import { pathFault } from '../credentials/values.ts';
import type { ObjectStoreDefinition } from '../object-store-definition.ts';
import type { DirectoryProfile } from './profile.ts';

/** A folder as object store: of this machine, or of a file system that is mounted here. */
export const directoryDefinition: ObjectStoreDefinition<DirectoryProfile> = {
  kind: 'directory',
  providers: ['directory'],
  readProfile(section, provider) {
    const path = settingOf(section, ['path']);
    if (path === undefined) return ['missing path'];
    const faults = faultsOf(section, [[['path'], pathFault]]);
    if (faults.length > 0) return faults;
    return { kind: 'directory', name: section.name, provider, path };
  },
  endpointOf: ({ path }) => path,
  folderOf: ({ path }, place) => join(path, place),
  async load() {
    const { DirectoryStore } = await import('./store.ts');
    return { open: (profile, { clock }) => new DirectoryStore(profile, { clock }) };
  },
};
