import { SluiceError } from '../../base/errors.ts';
import { bucketFault, keyFault } from '../../keep/buckets/names.ts';
import { LOCAL_BUCKET, LOCAL_PROFILE } from '../../keep/buckets/profiles.ts';

/** Where a copy goes. */
export interface CopyDestination {
  readonly profile: string;
  readonly bucket: string;
  /** Without slashes at its ends; empty for the bucket itself. */
  readonly path: string;
  /** Files keep their names below `path` (a trailing slash, or the bucket itself); otherwise `path` is the new name. */
  readonly into: boolean;
}

/**
 * Reads `s3://PROFILE/BUCKET/PATH`.
 * @throws SluiceError destination_invalid, naming what is wrong
 */
export function parseDestination(text: string): CopyDestination {
  const refuse = (words: string, meant?: string): SluiceError =>
    new SluiceError('destination_invalid', `destination ${JSON.stringify(text)}: ${words}`, {
      subject: text,
      hint: meant === undefined ? undefined : `Did you mean "${meant}"?`,
    });
  const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text);
  if (!match) throw refuse('it must look like s3://PROFILE/BUCKET/PATH', likelyDestination(text));
  if (match[1] !== 's3') throw refuse(`its scheme must be s3, not ${match[1]}`);
  const [profile = '', bucket = '', ...rest] = (match[2] ?? '').split('/');
  if (profile === '') throw refuse('it names no profile; write s3://PROFILE/BUCKET/PATH');
  if (bucket === '')
    throw refuse('it names no bucket; write s3://PROFILE/BUCKET/PATH', likelyDestination(profile));
  const badBucket = bucketFault(bucket);
  if (badBucket !== undefined) throw refuse(`"${bucket}" cannot be a bucket: ${badBucket}`);
  const into = rest.length === 0 || rest.at(-1) === '';
  const path = (rest.at(-1) === '' ? rest.slice(0, -1) : rest).join('/');
  if (rest.length > 1 || path !== '') {
    const badPath = keyFault(path);
    if (badPath !== undefined) throw refuse(badPath);
  }
  return { profile, bucket, path, into };
}

/** What somebody may have meant who left out scheme or profile: `outbox` is a bucket of the profile that is always there. */
function likelyDestination(text: string): string | undefined {
  const parts = text.split('/').filter(part => part !== '');
  const [first = ''] = parts;
  if (parts.some(part => bucketFault(part) !== undefined || part.startsWith('.'))) return undefined;
  if (parts.length > 1) return `s3://${parts.join('/')}${text.endsWith('/') ? '/' : ''}`;
  if (first === LOCAL_PROFILE) return `s3://${LOCAL_PROFILE}/${LOCAL_BUCKET}/`;
  return first === '' ? undefined : `s3://${LOCAL_PROFILE}/${first}/`;
}

/** The key of a file. Pure. @param relative its path below what is copied; its own name for a single file */
export function keyFor({ path, into }: CopyDestination, sourceName: string, relative: string | null): string {
  const top = into ? [path, sourceName] : [path];
  return [...top, relative ?? ''].filter(part => part !== '').join('/');
}
