import { SluiceError } from '../../../base/errors.ts';
import type { HttpHeaders } from '../../../base/http-headers.ts';
import type { ObjectProperties } from '../bucket.ts';
import { encodeStrictly } from './route.ts';

const METADATA_PREFIX = 'x-amz-meta-';

/**
 * Headers for what is stored beside the bytes; names in lower case. Throws request_refused for a metadata name that
 * cannot be a header.
 */
export function propertyHeaders(properties: ObjectProperties): Record<string, string> {
  const headers: Record<string, string> = {};
  if (properties.contentType !== undefined) headers['content-type'] = properties.contentType;
  if (properties.cacheControl !== undefined) headers['cache-control'] = properties.cacheControl;
  const { metadata } = properties;
  for (const [name, value] of metadata ? Object.entries(metadata) : []) {
    if (!/^[a-z0-9-]+$/.test(name)) {
      throw new SluiceError(
        'request_refused',
        `metadata name ${JSON.stringify(name)}: use a-z, 0-9 and hyphens`,
      );
    }
    headers[METADATA_PREFIX + name] = encodeMetadata(value);
  }
  if (properties.storageClass !== undefined) headers['x-amz-storage-class'] = properties.storageClass;
  if (properties.acl !== undefined) headers['x-amz-acl'] = properties.acl;
  const { retention, legalHold } = properties.lock ?? {};
  if (retention) {
    headers['x-amz-object-lock-mode'] = retention.mode.toUpperCase();
    headers['x-amz-object-lock-retain-until-date'] = new Date(retention.untilMs).toISOString();
  }
  if (legalHold) headers['x-amz-object-lock-legal-hold'] = 'ON';
  if (properties.tags !== undefined) headers['x-amz-tagging'] = encodeTags(properties.tags);
  if (properties.encryption !== undefined) {
    headers['x-amz-server-side-encryption'] = properties.encryption.algorithm;
    const { keyId } = properties.encryption;
    if (keyId !== undefined) headers['x-amz-server-side-encryption-aws-kms-key-id'] = keyId;
  }
  return headers;
}

/** The same as the AWS SDK wants it in its commands. */
export function propertyInput(properties: ObjectProperties) {
  const metadata = Object.entries(properties.metadata ?? {});
  const { retention, legalHold } = properties.lock ?? {};
  return {
    ACL: properties.acl as 'private' | undefined,
    ObjectLockMode: retention?.mode.toUpperCase() as 'GOVERNANCE' | undefined,
    ObjectLockRetainUntilDate: retention && new Date(retention.untilMs),
    ObjectLockLegalHoldStatus: legalHold ? ('ON' as const) : undefined,
    ContentType: properties.contentType,
    CacheControl: properties.cacheControl,
    Metadata: Object.fromEntries(metadata.map(([name, value]) => [name, encodeMetadata(value)])),
    StorageClass: properties.storageClass as 'STANDARD' | undefined,
    Tagging: properties.tags === undefined ? undefined : encodeTags(properties.tags),
    ServerSideEncryption: properties.encryption?.algorithm as 'AES256' | undefined,
    SSEKMSKeyId: properties.encryption?.keyId,
  };
}

/** Tags in the form of a URL query, as x-amz-tagging wants them. */
export function encodeTags(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([name, value]) => `${encodeStrictly(name)}=${encodeStrictly(value)}`)
    .join('&');
}

/**
 * A metadata value for a header: printable ASCII as it stands; all else, `%`, and spaces that HTTP or the
 * signature would strip or join, percent-encoded.
 */
export function encodeMetadata(value: string): string {
  return value.replace(/[^\x20-\x7e]+|%|^ +| +$| {2,}/gu, run => encodeURIComponent(run.toWellFormed()));
}

/** The value that `encodeMetadata` was given; text of others that is no valid encoding stays as it is. */
export function decodeMetadata(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch (error) {
    if (error instanceof URIError) return value;
    throw error;
  }
}

export function metadataOf(headers: HttpHeaders): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(METADATA_PREFIX) && typeof value === 'string') {
      metadata[name.slice(METADATA_PREFIX.length)] = decodeMetadata(value);
    }
  }
  return metadata;
}
