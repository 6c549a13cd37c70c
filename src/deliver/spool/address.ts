import { bucketFault, keyFault } from '../../keep/buckets/names.ts';
import type { FileAddress } from '../../keep/local/journal.ts';

/** Folders of the spool. */
export const AREAS = ['incoming_tmp', 'incoming', 'processing', 'failed', 'completed'] as const;
export type Area = (typeof AREAS)[number];

/** Names of profiles: a set or a map. */
export interface KnownProfiles {
  has(profile: string): boolean;
}

/**
 * What a path below an area means: `profile/bucket/path/of/the/object`. Pure.
 * @param relative as the file system has it, `/` between segments
 * @param profiles those of the credentials, by name
 */
export function addressOf(
  relative: string,
  profiles: KnownProfiles,
): FileAddress | { readonly fault: string } {
  const [profile = '', bucket, ...rest] = relative.split('/');
  if (bucket === undefined)
    return { fault: 'lies outside a profile folder; put it into incoming/PROFILE/BUCKET/' };
  if (!profiles.has(profile))
    return { fault: `lies under "${profile}", which is no profile of the credentials` };
  if (rest.length === 0) return { fault: `lies outside a bucket folder; put it into ${profile}/BUCKET/` };
  const badBucket = bucketFault(bucket);
  if (badBucket !== undefined)
    return { fault: `"${bucket}" cannot be the name of a bucket: ${badBucket}; rename the folder` };
  const filepath = rest.join('/');
  const badKey = keyFault(filepath);
  if (badKey !== undefined) return { fault: `cannot be an object key: ${badKey}; rename it` };
  return { profile, bucket, filepath };
}
