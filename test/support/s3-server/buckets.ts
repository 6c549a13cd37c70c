import { element, S3Error, xmlDocument } from './errors.ts';
import type { Reply, Work } from './operations.ts';
import type { StoredBucket } from './state.ts';

/** Operations on buckets as a whole. */
export function listBuckets({ state, verified }: Work): Reply {
  const allowed = verified.credential.buckets;
  const names = [...state.buckets.keys()].filter(name => allowed === undefined || allowed.includes(name));
  const entries = names.map(name =>
    element('Bucket', [element('Name', name), element('CreationDate', new Date(0).toISOString())]),
  );
  return { body: xmlDocument('ListAllMyBucketsResult', [element('Buckets', entries)]) };
}

export function createBucket({ state, routed }: Work): Reply {
  const name = routed.bucket as string;
  if (!state.buckets.has(name))
    state.buckets.set(name, { name, region: state.region, objects: new Map(), uploads: new Map() });
  return {};
}

export function deleteBucket({ state }: Work, bucket: StoredBucket): Reply {
  if (bucket.objects.size > 0)
    throw new S3Error(409, 'BucketNotEmpty', 'The bucket you tried to delete is not empty');
  state.buckets.delete(bucket.name);
  return { status: 204 };
}

export function bucketLocation(_: Work, bucket: StoredBucket): Reply {
  return {
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${bucket.region}</LocationConstraint>`,
  };
}

const byBytes = (left: string, right: string): number =>
  Buffer.compare(Buffer.from(left), Buffer.from(right));

/** Keys and common prefixes of a page, in the order of their UTF-8 bytes. */
function page(
  bucket: StoredBucket,
  query: URLSearchParams,
  after: string,
): { entries: string[]; isTruncated: boolean } {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const maxKeys = Math.min(Number(query.get('max-keys') ?? 1000), 1000);
  const all = new Set<string>();
  for (const key of bucket.objects.keys()) {
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    all.add(end < 0 ? key : key.slice(0, end + delimiter.length));
  }
  const rest = [...all].filter(entry => byBytes(entry, after) > 0).sort(byBytes);
  return { entries: rest.slice(0, maxKeys), isTruncated: rest.length > maxKeys };
}

/** `encoding-type=url` is form encoding: a space becomes `+`. */
function encodeListed(text: string, query: URLSearchParams): string {
  if (query.get('encoding-type') !== 'url') return text;
  return encodeURIComponent(text)
    .replace(/[!'()~]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/');
}

function entriesXml(bucket: StoredBucket, entries: readonly string[], query: URLSearchParams): string[] {
  return entries.map(entry => {
    const object = bucket.objects.get(entry);
    const name = encodeListed(entry, query);
    if (object === undefined) return element('CommonPrefixes', [element('Prefix', name)]);
    return element('Contents', [
      element('Key', name),
      element('LastModified', new Date(object.lastModifiedMs).toISOString()),
      element('ETag', object.etag),
      element('Size', object.content.size),
      element('StorageClass', object.storageClass ?? 'STANDARD'),
    ]);
  });
}

export function listObjects({ routed }: Work, bucket: StoredBucket): Reply {
  const { query } = routed;
  const isV2 = routed.operation === 'ListObjectsV2';
  const token = query.get('continuation-token');
  const after = isV2
    ? token === null
      ? (query.get('start-after') ?? '')
      : Buffer.from(token, 'base64url').toString()
    : (query.get('marker') ?? '');
  const { entries, isTruncated } = page(bucket, query, after);
  const last = entries.at(-1) ?? '';
  const next = isV2
    ? element('NextContinuationToken', Buffer.from(last).toString('base64url'))
    : element('NextMarker', encodeListed(last, query));
  const encodingType = query.get('encoding-type');
  return {
    body: xmlDocument('ListBucketResult', [
      element('Name', bucket.name),
      element('Prefix', encodeListed(query.get('prefix') ?? '', query)),
      element('IsTruncated', String(isTruncated)),
      ...(encodingType === null ? [] : [element('EncodingType', encodingType)]),
      ...(isV2 ? [element('KeyCount', entries.length)] : []),
      ...(isTruncated ? [next] : []),
      ...entriesXml(bucket, entries, query),
    ]),
  };
}

export function listUploads({ routed }: Work, bucket: StoredBucket): Reply {
  const prefix = routed.query.get('prefix') ?? '';
  const uploads = [...bucket.uploads.values()]
    .filter(upload => upload.key.startsWith(prefix))
    .sort((a, b) => byBytes(a.key, b.key) || a.initiatedMs - b.initiatedMs);
  return {
    body: xmlDocument('ListMultipartUploadsResult', [
      element('Bucket', bucket.name),
      element('IsTruncated', 'false'),
      ...uploads.map(upload =>
        element('Upload', [
          element('Key', upload.key),
          element('UploadId', upload.uploadId),
          element('Initiated', new Date(upload.initiatedMs).toISOString()),
        ]),
      ),
    ]),
  };
}
