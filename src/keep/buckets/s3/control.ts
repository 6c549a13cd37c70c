import type { ListMultipartUploadsCommandOutput, ListPartsCommandOutput } from '@aws-sdk/client-s3';
import { SluiceError } from '../../../base/errors.ts';
import type {
  BucketCallOptions,
  GetOptions,
  MultipartUpload,
  ObjectAddress,
  ObjectBody,
  ObjectProperties,
  PendingUpload,
  PutResult,
  UploadedPart,
} from '../bucket.ts';
import type { Listing } from './listing.ts';
import { hasCrc32 } from './presets.ts';
import { propertyInput } from './properties.ts';
import type { SdkClients } from './sdk.ts';
import { type Call, callOn } from './session.ts';
import { propertiesFor } from './ways.ts';

/** The calls of the contract that go through the AWS SDK; each keeps what bucket.ts promises. */
export class ControlCalls {
  readonly #clients: SdkClients;
  readonly #listing: Listing;
  readonly #endpoint: string;

  constructor(clients: SdkClients, listing: Listing, endpoint: string) {
    this.#clients = clients;
    this.#listing = listing;
    this.#endpoint = endpoint;
  }

  listBuckets(options: BucketCallOptions): Promise<string[]> {
    const call: Call = {
      signal: options.signal,
      method: 'GET',
      operation: 'list buckets at',
      subject: this.#endpoint,
    };
    return this.#clients.run(call, async (sdk, client) => {
      const names: string[] = [];
      let continuation: string | undefined;
      do {
        const input = { ContinuationToken: continuation };
        const page = await client.send(new sdk.ListBucketsCommand(input), abortable(options));
        for (const bucket of page.Buckets ?? []) if (bucket.Name !== undefined) names.push(bucket.Name);
        continuation = page.ContinuationToken;
      } while (continuation);
      return names.sort();
    });
  }

  async headBucket(bucket: string, options: BucketCallOptions): Promise<void> {
    const call: Call = {
      signal: options.signal,
      method: 'HEAD',
      operation: 'head bucket',
      subject: bucket,
      bucket,
    };
    try {
      await this.#clients.run(call, (sdk, client) =>
        client.send(new sdk.HeadBucketCommand({ Bucket: bucket }), abortable(options)),
      );
    } catch (error) {
      // Without S3's marks a HEAD proves nothing; its like with a body has words.
      if (error instanceof SluiceError && error.code === 'answer_invalid') {
        await this.#listing.listObjects(bucket, { ...options, maxKeys: 1 });
        return;
      }
      // HEAD's 404 has no body to say what is missing; here it can only be the bucket.
      if (error instanceof SluiceError && error.code === 'object_missing') {
        throw new SluiceError('bucket_missing', `there is no bucket "${bucket}" at ${this.#endpoint}`, {
          ...call,
          cause: error,
        });
      }
      throw error;
    }
  }

  getObject(at: ObjectAddress, options: GetOptions): Promise<ObjectBody> {
    const { range } = options;
    return this.#clients.run(
      callOn('GET', 'get object', at, options.signal),
      async (sdk, client) => {
        const output = await client.send(
          new sdk.GetObjectCommand({
            ...address(at),
            ...this.#clients.contentInput,
            Range: range && `bytes=${range.first}-${range.last ?? ''}`,
          }),
          abortable(options),
        );
        const body = output.Body as ObjectBody['body'] | undefined;
        // A login page has a size, too.
        const isOfS3 = output.ETag !== undefined || output.$metadata.requestId !== undefined;
        if (body === undefined || output.ContentLength === undefined || !isOfS3) {
          body?.destroy();
          throw new SluiceError('answer_invalid', `get object ${at.bucket}/${at.key}: no body, size or ETag`);
        }
        return { body, size: output.ContentLength, etag: output.ETag ?? '' };
      },
      true,
    );
  }

  async deleteObject(at: ObjectAddress, options: BucketCallOptions): Promise<void> {
    await tolerate('object_missing', () =>
      this.#clients.run(callOn('DELETE', 'delete object', at, options.signal), (sdk, client) =>
        client.send(new sdk.DeleteObjectCommand(address(at)), abortable(options)),
      ),
    );
  }

  createUpload(at: ObjectAddress, options: ObjectProperties & BucketCallOptions): Promise<MultipartUpload> {
    const announced: Call = {
      ...callOn('POST', 'create upload', at, options.signal),
      properties: options,
      mayBeUnknown: true,
    };
    // It announces checksums; nothing of it streams.
    const call: Call = {
      ...announced,
      protection: ({ checksum }) => (checksum === 'trailer' ? 'header' : checksum),
    };
    return this.#clients.run(call, async (sdk, client, way) => {
      const output = await client.send(
        new sdk.CreateMultipartUploadCommand({
          ...address(at),
          ...this.#clients.contentInput,
          ChecksumAlgorithm: hasCrc32(way.checksum) ? 'CRC32' : undefined,
          ...propertyInput(propertiesFor(options, way)),
        }),
        abortable(options),
      );
      if (!output.UploadId) throw withoutName(call, 'id of the upload');
      const departure = this.#clients.departureOf(announced, way);
      return { bucket: at.bucket, key: at.key, uploadId: output.UploadId, departure };
    });
  }

  listParts(upload: MultipartUpload, options: BucketCallOptions): Promise<UploadedPart[]> {
    return this.#clients.run(
      { ...callOn('GET', 'list parts of', upload, options.signal), isInUpload: true },
      async (sdk, client) => {
        const parts = new Map<number, ListedPart>();
        let marker: string | undefined;
        let page: ListPartsCommandOutput;
        do {
          page = await client.send(
            new sdk.ListPartsCommand({
              ...address(upload),
              ...this.#clients.contentInput,
              UploadId: upload.uploadId,
              PartNumberMarker: marker,
            }),
            abortable(options),
          );
          for (const part of page.Parts ?? []) {
            const partNumber = part.PartNumber ?? 0;
            const listed: ListedPart = {
              part: { partNumber, etag: part.ETag ?? '', size: part.Size ?? 0, crc32: part.ChecksumCRC32 },
              atMs: part.LastModified?.getTime() ?? 0,
              isDoubtful: false,
            };
            parts.set(partNumber, newerPart(parts.get(partNumber), listed));
          }
          marker = page.NextPartNumberMarker;
        } while (page.IsTruncated && marker);
        return [...parts.values()]
          .filter(({ isDoubtful }) => !isDoubtful)
          .map(({ part }) => part)
          .sort((a, b) => a.partNumber - b.partNumber);
      },
    );
  }

  completeUpload(
    upload: MultipartUpload,
    parts: readonly UploadedPart[],
    options: BucketCallOptions,
  ): Promise<PutResult> {
    const call: Call = { ...callOn('POST', 'complete upload', upload, options.signal), isInUpload: true };
    return this.#clients.run(call, async (sdk, client, way) => {
      const output = await client.send(
        new sdk.CompleteMultipartUploadCommand({
          ...address(upload),
          ...this.#clients.contentInput,
          UploadId: upload.uploadId,
          MultipartUpload: {
            Parts: parts
              .toSorted((a, b) => a.partNumber - b.partNumber)
              .map(part => ({
                PartNumber: part.partNumber,
                ETag: part.etag,
                ChecksumCRC32: hasCrc32(way.checksum) ? part.crc32 : undefined,
              })),
          },
        }),
        abortable(options),
      );
      // The document is S3's, as SdkHandler has seen. Ceph 16 leaves the ETag empty, others have a spelling of their own.
      const departures = new Set([upload, ...parts].map(({ departure }) => departure));
      departures.delete(undefined);
      return {
        etag: output.ETag ?? '',
        crc32: output.ChecksumCRC32,
        confirmedCrc32: output.ChecksumCRC32,
        departure: departures.size === 0 ? undefined : [...departures].join(', '),
      };
    });
  }

  async abortUpload(upload: MultipartUpload, options: BucketCallOptions): Promise<void> {
    await tolerate('upload_missing', () =>
      this.#clients.run(
        { ...callOn('DELETE', 'abort upload', upload, options.signal), isInUpload: true },
        (sdk, client) =>
          client.send(
            new sdk.AbortMultipartUploadCommand({ ...address(upload), UploadId: upload.uploadId }),
            abortable(options),
          ),
      ),
    );
  }

  listUploads(
    bucket: string,
    options: { readonly prefix?: string } & BucketCallOptions,
  ): Promise<PendingUpload[]> {
    const call: Call = {
      signal: options.signal,
      method: 'GET',
      operation: 'list uploads of',
      subject: bucket,
      bucket,
    };
    return this.#clients.run(call, async (sdk, client) => {
      const uploads: PendingUpload[] = [];
      let page: ListMultipartUploadsCommandOutput | undefined;
      do {
        page = await client.send(
          new sdk.ListMultipartUploadsCommand({
            Bucket: bucket,
            Prefix: options.prefix,
            KeyMarker: page?.NextKeyMarker,
            UploadIdMarker: page?.NextUploadIdMarker,
          }),
          abortable(options),
        );
        for (const upload of page.Uploads ?? []) {
          uploads.push({
            bucket,
            key: upload.Key ?? '',
            uploadId: upload.UploadId ?? '',
            initiatedMs: upload.Initiated?.getTime() ?? 0,
          });
        }
      } while (page.IsTruncated && page.NextKeyMarker);
      return uploads;
    });
  }
}

interface ListedPart {
  readonly part: UploadedPart;
  readonly atMs: number;
  /** Two contents of one number, and nothing says which counts. */
  readonly isDoubtful: boolean;
}

/** SeaweedFS lists a part that was replaced beside the one that replaced it. */
function newerPart(one: ListedPart | undefined, other: ListedPart): ListedPart {
  if (!one || other.atMs > one.atMs) return other;
  if (one.atMs > other.atMs || one.part.etag === other.part.etag) return one;
  return { ...one, isDoubtful: true };
}

const address = (at: ObjectAddress): { Bucket: string; Key: string } => ({ Bucket: at.bucket, Key: at.key });

const abortable = ({ signal }: BucketCallOptions): { abortSignal?: AbortSignal } => ({ abortSignal: signal });

/** Runs something whose failure with `code` means that it was done before. */
async function tolerate(code: SluiceError['code'], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== code) throw error;
  }
}

/** A document of S3 that does not say what it is for: tried again. */
function withoutName({ operation, subject }: Call, what: string): SluiceError {
  return new SluiceError('answer_invalid', `${operation} ${subject}: the answer names no ${what}`, {
    operation,
    subject,
    answer: 'retry',
  });
}
