import { SluiceError } from '../../base/errors.ts';

/** Longest key in UTF-8 bytes (Amazon S3 user guide, "Naming objects"). */
const MAX_KEY_BYTES = 1024;

/**
 * What is wrong with an object key, or undefined. S3 itself takes more; refused here is what does not arrive as
 * itself everywhere: `.` and `..` as segments (HTTP libraries and proxies resolve them), empty segments,
 * NUL and lone surrogates.
 */
export function keyFault(key: string): string | undefined {
  if (key === '') return 'it is empty';
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_KEY_BYTES) return `it has ${bytes} bytes; ${MAX_KEY_BYTES} are allowed`;
  if (!key.isWellFormed()) return 'it is not well-formed Unicode';
  if (key.includes('\0')) return 'it holds a NUL character';
  for (const segment of key.split('/')) {
    if (segment === '') return 'it has an empty segment (a leading, trailing or double slash)';
    if (segment === '.' || segment === '..') return `"${segment}" is not allowed as a segment`;
  }
  return undefined;
}

/**
 * What is wrong with a bucket name, or undefined. Wider than Amazon's rule, as other servers are; safe in a URL and as
 * a folder.
 */
export function bucketFault(bucket: string): string | undefined {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/.test(bucket) && !bucket.includes('..')) return undefined;
  return 'use letters, digits, dots, hyphens and underscores, beginning with a letter or digit';
}

/** Throws key_invalid for a key or bucket name that cannot be stored. */
export function assertAddress(at: { readonly bucket: string; readonly key: string }): void {
  assertBucket(at.bucket);
  const fault = keyFault(at.key);
  if (fault !== undefined) {
    const shown = at.key.length > 100 ? `${at.key.slice(0, 100)}…` : at.key;
    throw new SluiceError('key_invalid', `object key ${JSON.stringify(shown)}: ${fault}`, {
      subject: at.key,
    });
  }
}

/** Throws key_invalid for a bucket name that cannot be one. */
export function assertBucket(bucket: string): void {
  const fault = bucketFault(bucket);
  if (fault !== undefined) {
    throw new SluiceError('key_invalid', `bucket name ${JSON.stringify(bucket)}: ${fault}`, {
      subject: bucket,
    });
  }
}
