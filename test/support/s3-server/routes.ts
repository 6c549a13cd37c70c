import type { IncomingMessage } from 'node:http';
import { splitOnce } from './auth.ts';

export type OperationName =
  | 'ListBuckets'
  | 'HeadBucket'
  | 'CreateBucket'
  | 'DeleteBucket'
  | 'ListObjects'
  | 'ListObjectsV2'
  | 'ListMultipartUploads'
  | 'GetBucketLocation'
  | 'PutObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'ListParts'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'Unknown';

export interface Routed {
  readonly operation: OperationName;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly query: URLSearchParams;
}

/**
 * @param domain hosts `bucket.domain` name the bucket; all others have it in the path
 * @param prefix the path below which the API lies; whatever is asked for elsewhere is unknown
 */
export function routeOf(request: IncomingMessage, domain: string | undefined, prefix = ''): Routed {
  const [fullPath, queryText] = splitOnce(request.url ?? '/', '?');
  const isBelow = fullPath === prefix || fullPath.startsWith(`${prefix}/`);
  const path = isBelow ? fullPath.slice(prefix.length) : '';
  const query = new URLSearchParams(queryText);
  const hostname = (request.headers.host ?? '').replace(/:\d+$/, '');
  const virtual =
    domain !== undefined && hostname.endsWith(`.${domain}`)
      ? hostname.slice(0, -domain.length - 1)
      : undefined;
  const decoded = decodeURIComponent(path.slice(1));
  const [first, rest] = virtual === undefined ? splitOnce(decoded, '/') : [virtual, decoded];
  const bucket = first === '' ? undefined : first;
  const key = rest === '' ? undefined : rest;
  const operation = isBelow ? operationOf(request.method ?? '', bucket, key, query) : 'Unknown';
  return { bucket, key, query, operation };
}

function operationOf(
  method: string,
  bucket: string | undefined,
  key: string | undefined,
  query: URLSearchParams,
): OperationName {
  if (bucket === undefined) return method === 'GET' ? 'ListBuckets' : 'Unknown';
  return key === undefined ? bucketOperation(method, query) : objectOperation(method, query);
}

function bucketOperation(method: string, query: URLSearchParams): OperationName {
  if (method === 'HEAD') return 'HeadBucket';
  if (method === 'PUT') return 'CreateBucket';
  if (method === 'DELETE') return 'DeleteBucket';
  if (method !== 'GET') return 'Unknown';
  if (query.has('uploads')) return 'ListMultipartUploads';
  if (query.has('location')) return 'GetBucketLocation';
  return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
}

function objectOperation(method: string, query: URLSearchParams): OperationName {
  const inUpload = query.has('uploadId');
  if (method === 'PUT') return inUpload ? 'UploadPart' : 'PutObject';
  if (method === 'POST')
    return inUpload ? 'CompleteMultipartUpload' : query.has('uploads') ? 'CreateMultipartUpload' : 'Unknown';
  if (method === 'GET') return inUpload ? 'ListParts' : 'GetObject';
  if (method === 'DELETE') return inUpload ? 'AbortMultipartUpload' : 'DeleteObject';
  return method === 'HEAD' ? 'HeadObject' : 'Unknown';
}
