import { isAbsolute } from 'node:path';
import { settingOf } from '../credentials/ini.ts';
import type { ObjectStoreDefinition } from '../object-store-definition.ts';
import type { DirectoryProfile } from './profile.ts';

/** A folder as object store: of this machine, or of a file system that is mounted here. */
export const directoryDefinition: ObjectStoreDefinition<DirectoryProfile> = {
  kind: 'directory',
  providers: ['directory'],
  readProfile(section, provider) {
    const path = settingOf(section, ['path']);
    if (path === undefined) return ['missing path'];
    if (!isAbsolute(path)) return ['path must be absolute'];
    return { kind: 'directory', name: section.name, provider, path };
  },
  endpointOf: ({ path }) => path,
  async load() {
    const { DirectoryStore } = await import('./store.ts');
    return { open: (profile, { clock }) => new DirectoryStore(profile, { clock }) };
  },
};
