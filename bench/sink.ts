/**
 * An S3 server that throws every body away, as a process of its own: `node bench/sink.ts`. Prints its endpoint; ends
 * with its standard input. It checks nothing: it names the checksum that it is told, and knows the sizes of what it was
 * sent, so that HEAD and listings can be compared.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const objects = new Map<string, number>();
/** Paths in order, and those that are not in it yet. */
let sorted: string[] = [];
let unsorted: string[] = [];
const uploads = new Map<string, Map<string, number>>();
let lastUpload = 0;

const server = createServer((request, response) => {
  let wireBytes = 0;
  request.on('data', (chunk: Buffer) => {
    wireBytes += chunk.length;
  });
  request.on('end', () => answer(request, response, wireBytes));
});
// The whole of a large body may take minutes on a slow machine.
server.requestTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit());

function answer(request: IncomingMessage, response: ServerResponse, wireBytes: number): void {
  const url = new URL(request.url ?? '/', 'http://sink');
  const uploadId = url.searchParams.get('uploadId');
  const size = Number(request.headers['x-amz-decoded-content-length'] ?? wireBytes);
  const xml = (body: string): void => {
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0" encoding="UTF-8"?>${body}`);
  };
  if (request.method === 'PUT') {
    const partNumber = url.searchParams.get('partNumber');
    if (uploadId !== null) uploads.get(uploadId)?.set(partNumber ?? '', size);
    else store(url.pathname, size);
    const crc32 = request.headers['x-amz-checksum-crc32'];
    response.writeHead(200, {
      etag: etagOf(size),
      ...(crc32 === undefined ? {} : { 'x-amz-checksum-crc32': crc32 }),
    });
    response.end();
    return;
  }
  if (request.method === 'POST' && url.searchParams.has('uploads')) {
    lastUpload += 1;
    uploads.set(String(lastUpload), new Map());
    const [, bucket = '', ...key] = url.pathname.split('/');
    xml(
      `<InitiateMultipartUploadResult><Bucket>${bucket}</Bucket><Key>${key.join('/')}</Key><UploadId>${lastUpload}</UploadId></InitiateMultipartUploadResult>`,
    );
    return;
  }
  if (request.method === 'POST' && uploadId !== null) {
    const parts = [...(uploads.get(uploadId)?.values() ?? [])];
    uploads.delete(uploadId);
    store(
      url.pathname,
      parts.reduce((sum, part) => sum + part, 0),
    );
    xml(
      '<CompleteMultipartUploadResult><ETag>"00000000000000000000000000000000-1"</ETag></CompleteMultipartUploadResult>',
    );
    return;
  }
  if (request.method === 'GET' && url.pathname === '/') {
    xml(
      '<ListAllMyBucketsResult><Buckets><Bucket><Name>bench</Name></Bucket></Buckets></ListAllMyBucketsResult>',
    );
    return;
  }
  if (request.method === 'GET' && url.searchParams.has('list-type')) {
    xml(listing(url));
    return;
  }
  const found = objects.get(url.pathname);
  const isBucket = url.pathname.split('/').filter(Boolean).length === 1;
  if (request.method === 'HEAD' && (found !== undefined || isBucket)) {
    response.writeHead(200, {
      'content-length': found ?? 0,
      etag: etagOf(found ?? 0),
      'last-modified': new Date().toUTCString(),
    });
    response.end();
    return;
  }
  response.writeHead(404);
  response.end();
}

function etagOf(size: number): string {
  return `"${size.toString(16).padStart(32, '0')}"`;
}

function store(path: string, size: number): void {
  if (!objects.has(path)) unsorted.push(path);
  objects.set(path, size);
}

/** ListObjectsV2 of keys in ASCII. */
function listing({ pathname, searchParams }: URL): string {
  const bucket = pathname.endsWith('/') ? pathname : `${pathname}/`;
  const limit = Number(searchParams.get('max-keys') ?? 1000);
  const after = bucket + (searchParams.get('start-after') ?? '');
  const prefix = bucket + (searchParams.get('prefix') ?? '');
  sorted = merged(sorted, unsorted.sort());
  unsorted = [];
  const entries: string[] = [];
  let index = firstAfter(sorted, after >= prefix ? after : prefix.slice(0, -1));
  for (; index < sorted.length && entries.length < limit; index += 1) {
    const path = sorted[index] ?? '';
    if (!path.startsWith(prefix)) {
      if (path > prefix) break;
      continue;
    }
    const size = objects.get(path) ?? 0;
    entries.push(
      `<Contents><Key>${path.slice(bucket.length)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>${etagOf(size)}</ETag><Size>${size}</Size></Contents>`,
    );
  }
  const isTruncated = sorted[index]?.startsWith(prefix) === true;
  return `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${isTruncated}</IsTruncated><NextContinuationToken>${isTruncated ? 'more' : ''}</NextContinuationToken>${entries.join('')}</ListBucketResult>`;
}

function merged(left: readonly string[], right: readonly string[]): string[] {
  const all: string[] = [];
  let at = 0;
  for (const one of right) {
    for (; at < left.length && (left[at] ?? '') < one; at += 1) all.push(left[at] ?? '');
    all.push(one);
  }
  return [...all, ...left.slice(at)];
}

/** Index of the first that is greater. */
function firstAfter(paths: readonly string[], after: string): number {
  let low = 0;
  let high = paths.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((paths[middle] ?? '') <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
