import { SluiceError } from '../../../../base/errors.ts';
import { bucketFault, keyFault } from '../../../../keep/buckets/names.ts';

/** Where copies of evicted clones go. */
export interface ColdPlace {
  readonly profile: string;
  readonly bucket: string;
  /** Empty, or without slashes at its ends. */
  readonly prefix: string;
}

/** Reads `s3://profile/bucket/prefix`, for profiles of every kind. Throws `destination_invalid`. */
export function parseColdPlace(text: string): ColdPlace {
  const refuse = (why: string): SluiceError =>
    new SluiceError('destination_invalid', `cold storage ${JSON.stringify(text)}: ${why}`, {
      subject: text,
      hint: 'Write cache.coldStorage as s3://PROFILE/BUCKET/PREFIX.',
    });
  const [, profile = '', bucket = '', rest = ''] = /^s3:\/\/([^/]+)\/([^/]+)(?:\/(.*))?$/.exec(text) ?? [];
  if (profile === '') throw refuse('it does not look like s3://PROFILE/BUCKET/PREFIX');
  const badBucket = bucketFault(bucket);
  if (badBucket !== undefined) throw refuse(`"${bucket}" cannot be a bucket: ${badBucket}`);
  const prefix = rest.replace(/\/+$/, '');
  const badPrefix = prefix === '' ? undefined : keyFault(prefix);
  if (badPrefix !== undefined) throw refuse(badPrefix);
  return { profile, bucket, prefix };
}

/** Key of a clone's archive. @param name of the clone's folder, `….git` */
export function keyIn({ prefix }: ColdPlace, name: string): string {
  const file = `${name}.tar`;
  return prefix === '' ? file : `${prefix}/${file}`;
}

/** As it stands in the clone's record. */
export function locationOf({ profile, bucket }: ColdPlace, key: string): string {
  return `s3://${profile}/${bucket}/${key}`;
}
