import type { Profile } from '../object-store-definition.ts';

/** A folder as object store; its sub-folders are the buckets. */
export interface DirectoryProfile extends Profile {
  readonly kind: 'directory';
  readonly provider: 'directory';
  /** Absolute. */
  readonly path: string;
}
