import { createHash, randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { joinContents, memoryStorage } from './contents.ts';
import { element, S3Error, xmlDocument } from './errors.ts';
import {
  assertCustomerKey,
  assertKey,
  customerKeyMd5Of,
  etagOf,
  propertiesOf,
  type Reply,
  receiveContent,
  type Work,
} from './operations.ts';
import type { StoredBucket, StoredPart, StoredUpload } from './state.ts';

export function createUpload(work: Work, bucket: StoredBucket): Reply {
  const key = work.routed.key as string;
  assertKey(key);
  const { headers } = work.request;
  const algorithm = headers['x-amz-checksum-algorithm'];
  if (algorithm !== undefined && algorithm !== 'CRC32')
    throw new S3Error(501, 'NotImplemented', `checksum ${algorithm}`);
  const upload: StoredUpload = {
    uploadId: randomUUID(),
    key,
    initiatedMs: work.state.nowMs(),
    hasChecksums: algorithm !== undefined && !work.storesFraming,
    customerKeyMd5: customerKeyMd5Of(work.request),
    properties: propertiesOf(headers),
    parts: new Map(),
  };
  bucket.uploads.set(upload.uploadId, upload);
  return {
    body: xmlDocument('InitiateMultipartUploadResult', [
      element('Bucket', bucket.name),
      element('Key', key),
      element('UploadId', upload.uploadId),
    ]),
  };
}

function find(work: Work, bucket: StoredBucket): StoredUpload {
  const upload = bucket.uploads.get(work.routed.query.get('uploadId') ?? '');
  if (upload === undefined || upload.key !== work.routed.key) {
    throw new S3Error(404, 'NoSuchUpload', 'The specified multipart upload does not exist.');
  }
  return upload;
}

export async function uploadPart(work: Work, bucket: StoredBucket): Promise<Reply> {
  const upload = find(work, bucket);
  const partNumber = Number(work.routed.query.get('partNumber'));
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > 10_000) {
    throw new S3Error(
      400,
      'InvalidArgument',
      'Part number must be an integer between 1 and 10000, inclusive',
    );
  }
  assertCustomerKey(work.request, upload.customerKeyMd5);
  const { body, content } = await receiveContent(work);
  if (!bucket.uploads.has(upload.uploadId)) {
    await content.discard();
    throw new S3Error(404, 'NoSuchUpload', 'The upload was aborted meanwhile.');
  }
  const part = {
    content,
    md5: body.md5,
    etag: etagOf(body.md5, upload.customerKeyMd5),
    crc32: body.crc32,
    lastModifiedMs: work.state.nowMs(),
  };
  await upload.parts.get(partNumber)?.content.discard();
  upload.parts.set(partNumber, part);
  return {
    headers: { etag: part.etag, ...(body.hasChecksum ? { 'x-amz-checksum-crc32': part.crc32 } : {}) },
  };
}

export function listParts(work: Work, bucket: StoredBucket): Reply {
  const upload = find(work, bucket);
  if (upload.hasChecksums) assertCustomerKey(work.request, upload.customerKeyMd5);
  const { query } = work.routed;
  const marker = Number(query.get('part-number-marker') ?? 0);
  const maxParts = Math.min(Number(query.get('max-parts') ?? 1000), 1000);
  const rest = [...upload.parts].filter(([number]) => number > marker).sort(([a], [b]) => a - b);
  const shown = rest.slice(0, maxParts);
  return {
    body: xmlDocument('ListPartsResult', [
      element('Bucket', bucket.name),
      element('Key', upload.key),
      element('UploadId', upload.uploadId),
      element('IsTruncated', String(rest.length > maxParts)),
      element('NextPartNumberMarker', shown.at(-1)?.[0] ?? 0),
      ...shown.map(([number, part]) =>
        element('Part', [
          element('PartNumber', number),
          element('LastModified', new Date(part.lastModifiedMs).toISOString()),
          element('ETag', part.etag),
          element('Size', part.content.size),
          ...(upload.hasChecksums ? [element('ChecksumCRC32', part.crc32)] : []),
        ]),
      ),
    ]),
  };
}

interface ClaimedPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly crc32: string | undefined;
}

function parseComplete(xml: string): ClaimedPart[] {
  const inner = (text: string, name: string): string | undefined =>
    new RegExp(`<${name}>([^<]*)</${name}>`)
      .exec(text)?.[1]
      ?.replaceAll('&quot;', '"')
      .replaceAll('&#34;', '"');
  const parts = [...xml.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, text = '']) => ({
    partNumber: Number(inner(text, 'PartNumber')),
    etag: inner(text, 'ETag') ?? '',
    crc32: inner(text, 'ChecksumCRC32'),
  }));
  if (parts.length === 0) throw new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed');
  return parts;
}

function checkParts(
  upload: StoredUpload,
  claimed: readonly ClaimedPart[],
  minPartBytes: number,
  storesFraming: boolean,
): StoredPart[] {
  const bare = (etag: string): string => etag.replaceAll('"', '');
  const isAscending = claimed.every(
    ({ partNumber }, index) => partNumber > (claimed[index - 1]?.partNumber ?? 0),
  );
  if (!isAscending)
    throw new S3Error(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.');
  return claimed.map(({ partNumber, etag, crc32: claimedCrc32 }, index) => {
    const part = upload.parts.get(partNumber);
    if (part === undefined || bare(part.etag) !== bare(etag)) {
      throw new S3Error(400, 'InvalidPart', 'One or more of the specified parts could not be found.');
    }
    const isWrong = claimedCrc32 === undefined ? upload.hasChecksums : claimedCrc32 !== part.crc32;
    if (isWrong && !storesFraming) {
      throw new S3Error(400, 'InvalidPart', 'The checksum of a part is missing or wrong.');
    }
    if (index < claimed.length - 1 && part.content.size < minPartBytes) {
      throw new S3Error(
        400,
        'EntityTooSmall',
        'Your proposed upload is smaller than the minimum allowed size',
      );
    }
    return part;
  });
}

export async function completeUpload(work: Work, bucket: StoredBucket): Promise<Reply> {
  const upload = find(work, bucket);
  if (upload.hasChecksums) assertCustomerKey(work.request, upload.customerKeyMd5);
  const { content: xml } = await receiveContent({
    ...work,
    state: { ...work.state, storage: memoryStorage() },
  });
  let text = '';
  for await (const chunk of xml.read(0, xml.size - 1)) text += chunk.toString();
  const parts = checkParts(upload, parseComplete(text), work.state.minPartBytes, work.storesFraming);
  const etag = `"${createHash('md5')
    .update(Buffer.concat(parts.map(part => part.md5)))
    .digest('hex')}-${parts.length}"`;
  const composite = Buffer.alloc(4);
  composite.writeUInt32BE(crc32(Buffer.concat(parts.map(part => Buffer.from(part.crc32, 'base64')))));
  await bucket.objects.get(upload.key)?.content.discard();
  bucket.objects.set(upload.key, {
    content: joinContents(parts.map(part => part.content)),
    etag,
    crc32: upload.hasChecksums ? `${composite.toString('base64')}-${parts.length}` : undefined,
    lastModifiedMs: work.state.nowMs(),
    customerKeyMd5: upload.customerKeyMd5,
    ...upload.properties,
  });
  bucket.uploads.delete(upload.uploadId);
  return {
    body: xmlDocument('CompleteMultipartUploadResult', [
      element('Bucket', bucket.name),
      element('Key', upload.key),
      element('ETag', etag),
    ]),
  };
}

export async function abortUpload(work: Work, bucket: StoredBucket): Promise<Reply> {
  const upload = find(work, bucket);
  for (const part of upload.parts.values()) await part.content.discard();
  bucket.uploads.delete(upload.uploadId);
  return { status: 204 };
}
