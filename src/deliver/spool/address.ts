import { bucketFault, keyFault } from '../../keep/buckets/names.ts';
import type { FileAddress } from '../../keep/local/journal.ts';

/** Folders of the spool (F13). */
export const AREAS = ['incoming_tmp', 'incoming', 'processing', 'failed', 'completed'] as const;
export type Area = (typeof AREAS)[number];

export type Addressed = FileAddress | { readonly fault: string };

/**
 * What a path below an area means: `profile/bucket/path/of/the/object` (F13). Pure.
 * @param relative as the file system has it, `/` between segments
 * @param knows whether a profile of that name is configured
 */
export function addressOf(relative: string, knows: (profile: string) => boolean): Addressed {
  const [profile = '', bucket, ...rest] = relative.split('/');
  if (bucket === undefined)
    return { fault: 'lies outside a profile folder; put it into incoming/PROFILE/BUCKET/' };
  if (!knows(profile)) return { fault: `lies under "${profile}", which is no profile of the credentials` };
  if (rest.length === 0) return { fault: `lies outside a bucket folder; put it into ${profile}/BUCKET/` };
  const badBucket = bucketFault(bucket);
  if (badBucket !== undefined)
    return { fault: `"${bucket}" cannot be the name of a bucket: ${badBucket}; rename the folder` };
  const filepath = rest.join('/');
  const badKey = keyFault(filepath);
  if (badKey !== undefined) return { fault: `cannot be an object key: ${badKey}; rename it` };
  return { profile, bucket, filepath };
}
