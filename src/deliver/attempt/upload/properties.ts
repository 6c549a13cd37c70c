import type { Stats } from 'node:fs';
import mime from 'mime';
import type { ObjectProperties } from '../../../keep/buckets/bucket.ts';
import type { DestinationSettings } from '../../settings.ts';

const DEFAULT_TYPE = 'application/octet-stream';
/** Amazon S3 user guide, "Categorizing your storage using tags": ten tags an object. */
const MAX_TAGS = 10;

/**
 * What is stored beside the bytes: what the destination says, permissions, type by the file's name, `mtime` in seconds since the epoch as rclone and
 * s3cmd write it, and the CRC32 where it is known before the upload (files sent whole).
 * A lock ends so long after `nowMs` as the destination says.
 */
export function propertiesOf(
  filepath: string,
  stats: Pick<Stats, 'mtimeMs'> & Partial<Pick<Stats, 'mode'>>,
  destination: Omit<DestinationSettings, 'match'>,
  about: { readonly nowMs: number; readonly crc32?: string },
): ObjectProperties {
  const { storageClass, encryption, tagSegments, cacheControl, acl, lock } = destination;
  const { nowMs, crc32 } = about;
  const tags = tagSegments ? { ...destination.tags, ...tagsIn(filepath) } : destination.tags;
  const mtime = String(stats.mtimeMs / 1000);
  return {
    contentType: mime.getType(filepath) ?? DEFAULT_TYPE,
    metadata: { ...destination.metadata, mtime, ...(crc32 === undefined ? undefined : { crc32 }) },
    cacheControl,
    acl,
    lock: lock && {
      legalHold: lock.legalHold,
      ...(lock.ms === undefined ? undefined : { retention: { mode: lock.mode, untilMs: nowMs + lock.ms } }),
    },
    mode: stats.mode,
    storageClass,
    encryption,
    tags: isEmpty(tags) ? undefined : tags,
  };
}

function isEmpty(tags: Readonly<Record<string, string>> | undefined): boolean {
  for (const _ in tags) return false;
  return true;
}

/** `tag=NAME` folders of a path as tags with an empty value; the first ten. */
export function tagsIn(filepath: string): Record<string, string> {
  const names = filepath
    .split('/')
    .slice(0, -1)
    .filter(segment => segment.startsWith('tag=') && segment.length > 'tag='.length)
    .map(segment => segment.slice('tag='.length));
  return Object.fromEntries([...new Set(names)].slice(0, MAX_TAGS).map(name => [name, '']));
}

/** The object's key: the path, below the destination's prefix. */
export function objectKey(filepath: string, destination: Omit<DestinationSettings, 'match'>): string {
  const prefix = destination.prefix?.replace(/^\/+|\/+$/g, '');
  return prefix ? `${prefix}/${filepath}` : filepath;
}
