import type { ObjectStoreDefinition } from '../object-store-definition.ts';
import { S3_PRESETS } from './presets.ts';
import { readS3Profile, type S3Profile, type S3Provider } from './profile.ts';

/** S3 and what speaks its API. */
export const s3Definition: ObjectStoreDefinition<S3Profile> = {
  kind: 's3',
  providers: Object.keys(S3_PRESETS) as S3Provider[],
  readProfile: readS3Profile,
  async withOtherFiles(profile, surroundings) {
    const { withOtherFiles } = await import('./profile-files.ts');
    return withOtherFiles(profile, surroundings);
  },
  withProxy: (profile, proxy) => ({ ...profile, proxy }),
  withoutKey: profile => ({
    ...profile,
    accessKeyId: undefined,
    secretAccessKey: undefined,
    sessionToken: undefined,
    provided: undefined,
  }),
  endpointOf: ({ endpoint }) => endpoint,
  async load() {
    const { S3Store } = await import('./store.ts');
    return { open: (profile, { clock, reread }) => new S3Store(profile, { clock, reread }) };
  },
};
