import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Verified } from './auth.ts';
import { type ReceivedBody, receiveBody } from './body.ts';
import type { Content, ContentStorage } from './contents.ts';
import { S3Error } from './errors.ts';
import type { Routed } from './routes.ts';
import type { StoredBucket, StoredObject } from './state.ts';

export interface ServerState {
  readonly region: string;
  readonly buckets: Map<string, StoredBucket>;
  readonly storage: ContentStorage;
  readonly minPartBytes: number;
  readonly nowMs: () => number;
}

/** One request, routed and verified, its body not yet read. */
export interface Work {
  readonly state: ServerState;
  readonly request: IncomingMessage;
  readonly routed: Routed;
  readonly verified: Verified;
  readonly chunks: AsyncIterable<Buffer>;
  /** A server that knows no aws-chunked stores it as it comes. */
  readonly storesFraming: boolean;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | AsyncIterable<Buffer>;
}

const LOCK_HEADERS = [
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-object-lock-legal-hold',
];

/**
 * MD5 of the key of an SSE-C request, verified as Amazon does (S3 user guide, "Using server-side encryption with
 * customer-provided keys"); undefined without one.
 */
export function customerKeyMd5Of({ headers }: IncomingMessage): string | undefined {
  const text = (name: string): string =>
    String(headers[`x-amz-server-side-encryption-customer-${name}`] ?? '');
  const [algorithm, key, md5] = [text('algorithm'), text('key'), text('key-md5')];
  if (`${algorithm}${key}${md5}` === '') return undefined;
  const bytes = Buffer.from(key, 'base64');
  if (algorithm !== 'AES256' || bytes.length !== 32)
    throw new S3Error(400, 'InvalidArgument', 'The secret key was invalid for the specified algorithm.');
  if (createHash('md5').update(bytes).digest('base64') !== md5)
    throw new S3Error(
      400,
      'InvalidArgument',
      'The calculated MD5 hash of the key did not match the hash that was provided.',
    );
  return md5;
}

/** Only whoever has the key of an object may ask for it, or add to it. */
export function assertCustomerKey(request: IncomingMessage, expected: string | undefined): void {
  const given = customerKeyMd5Of(request);
  if (given === expected) return;
  if (given !== undefined && expected !== undefined) throw new S3Error(403, 'AccessDenied', 'Access Denied');
  const words =
    'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.';
  throw new S3Error(
    400,
    'InvalidRequest',
    expected === undefined ? 'The encryption parameters are not applicable to this object.' : words,
  );
}

/** Of encrypted objects the ETag is no MD5 of their content. */
export function etagOf(md5: Buffer, customerKeyMd5: string | undefined): string {
  const shown =
    customerKeyMd5 === undefined ? md5 : createHash('md5').update(md5).update(customerKeyMd5).digest();
  return `"${shown.toString('hex')}"`;
}

export function propertiesOf(
  headers: IncomingHttpHeaders,
): Pick<
  StoredObject,
  'contentType' | 'metadata' | 'cacheControl' | 'protection' | 'storageClass' | 'tagging' | 'encryption'
> {
  const text = (name: string): string | undefined => headers[name]?.toString();
  const metadata = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-amz-meta-'))
    .map(([name, value]) => [name, String(value)]);
  return {
    contentType: text('content-type') ?? 'binary/octet-stream',
    metadata: Object.fromEntries(metadata),
    cacheControl: text('cache-control'),
    protection: [text('x-amz-acl'), ...LOCK_HEADERS.map(text)],
    storageClass: text('x-amz-storage-class'),
    tagging: text('x-amz-tagging'),
    encryption: text('x-amz-server-side-encryption'),
  };
}

/** Reads the body of a request into the storage; nothing is kept of one that fails a check. */
export async function receiveContent(work: Work): Promise<{ body: ReceivedBody; content: Content }> {
  const writer = await work.state.storage();
  try {
    const verified = work.storesFraming
      ? { ...work.verified, payloadHash: 'UNSIGNED-PAYLOAD' }
      : work.verified;
    const body = await receiveBody(work.request, work.chunks, verified, writer);
    return { body, content: await writer.finish() };
  } catch (error) {
    await writer.cancel();
    throw error;
  }
}

export function assertKey(key: string): void {
  if (Buffer.byteLength(key) > 1024) throw new S3Error(400, 'KeyTooLongError', 'Your key is too long');
}

export async function putObject(work: Work, bucket: StoredBucket): Promise<Reply> {
  const key = work.routed.key as string;
  assertKey(key);
  if (work.request.headers['content-length'] === undefined) {
    throw new S3Error(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
  }
  const assertAbsent = (): void => {
    if (work.request.headers['if-none-match'] === '*' && bucket.objects.has(key)) {
      throw new S3Error(
        412,
        'PreconditionFailed',
        'At least one of the pre-conditions you specified did not hold',
      );
    }
  };
  assertAbsent();
  const { body, content } = await receiveContent(work);
  assertAbsent();
  const customerKeyMd5 = customerKeyMd5Of(work.request);
  const etag = etagOf(body.md5, customerKeyMd5);
  const crc32 = body.hasChecksum ? body.crc32 : undefined;
  const object = {
    content,
    etag,
    crc32,
    lastModifiedMs: work.state.nowMs(),
    customerKeyMd5,
    ...propertiesOf(work.request.headers),
  };
  await bucket.objects.get(key)?.content.discard();
  bucket.objects.set(key, object);
  return { headers: { etag, ...(crc32 === undefined ? {} : { 'x-amz-checksum-crc32': crc32 }) } };
}

function find(bucket: StoredBucket, key: string): StoredObject {
  const object = bucket.objects.get(key);
  if (object === undefined)
    throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.', { elements: { Key: key } });
  return object;
}

/** First and last byte of a Range header (RFC 9110, 14.2); undefined where there is none or it is not understood. */
function rangeOf(header: string | undefined, size: number): { first: number; last: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const first = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const last = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (first >= size || first > last) {
    throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable', {
      headers: { 'content-range': `bytes */${size}` },
    });
  }
  return { first, last };
}

export function getObject(work: Work, bucket: StoredBucket): Reply {
  const object = find(bucket, work.routed.key as string);
  assertCustomerKey(work.request, object.customerKeyMd5);
  const { size } = object.content;
  const range = rangeOf(work.request.headers.range, size);
  const { first, last } = range ?? { first: 0, last: size - 1 };
  const wantsChecksum = work.request.headers['x-amz-checksum-mode'] === 'ENABLED' && range === undefined;
  const headers: Record<string, string | number> = {
    'content-length': last - first + 1,
    'content-type': object.contentType,
    'last-modified': new Date(object.lastModifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
    etag: object.etag,
    ...object.metadata,
    ...(range === undefined ? {} : { 'content-range': `bytes ${first}-${last}/${size}` }),
    ...(object.cacheControl === undefined ? {} : { 'cache-control': object.cacheControl }),
    ...(object.storageClass === undefined ? {} : { 'x-amz-storage-class': object.storageClass }),
    ...(object.encryption === undefined ? {} : { 'x-amz-server-side-encryption': object.encryption }),
    ...(wantsChecksum && object.crc32 !== undefined
      ? {
          'x-amz-checksum-crc32': object.crc32,
          'x-amz-checksum-type': object.crc32.includes('-') ? 'COMPOSITE' : 'FULL_OBJECT',
        }
      : {}),
  };
  const status = range === undefined ? 200 : 206;
  if (work.request.method === 'HEAD') return { status, headers };
  return { status, headers, body: object.content.read(first, last) };
}

export async function deleteObject(work: Work, bucket: StoredBucket): Promise<Reply> {
  const key = work.routed.key as string;
  await bucket.objects.get(key)?.content.discard();
  bucket.objects.delete(key);
  return { status: 204 };
}
