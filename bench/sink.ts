/**
 * An S3 server that throws every body away, as a process of its own: `node bench/sink.ts`. Prints its endpoint; ends
 * with its standard input. It checks nothing; it knows the sizes of what it was sent, so that HEAD can be compared.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const objects = new Map<string, number>();
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
    else objects.set(url.pathname, size);
    response.writeHead(200, { etag: `"${size.toString(16).padStart(32, '0')}"` });
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
    objects.set(
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
  const found = objects.get(url.pathname);
  const isBucket = url.pathname.split('/').filter(Boolean).length === 1;
  if (request.method === 'HEAD' && (found !== undefined || isBucket)) {
    response.writeHead(200, {
      'content-length': found ?? 0,
      etag: '"0"',
      'last-modified': new Date().toUTCString(),
    });
    response.end();
    return;
  }
  response.writeHead(404);
  response.end();
}
