import { createReadStream, type ReadStream } from 'node:fs';
import type { S3Client } from '@aws-sdk/client-s3';
import type {
  MultipartUpload,
  ObjectAddress,
  ObjectSource,
  PutOptions,
  PutResult,
  ReadableFile,
  TransferOptions,
  UploadedPart,
} from '../bucket.ts';
import { sourceTooShort } from '../source.ts';
import { digestsOf, readSource, SMALL_BODY_BYTES, sizeOf } from './body.ts';
import { assertStored } from './classify.ts';
import { hasCrc32 } from './presets.ts';
import { propertyHeaders, propertyInput } from './properties.ts';
import type { SdkClients } from './sdk.ts';
import { type Call, callOn, type Way } from './session.ts';
import { propertiesFor } from './ways.ts';

/** What both kinds of PUT have in common for the SDK. */
interface Sending {
  readonly Body: Buffer | ReadStream;
  readonly ContentLength: number;
  readonly ContentMD5?: string;
  readonly ChecksumCRC32?: string;
  readonly way: Way;
  readonly headers: Record<string, string>;
  readonly abort: { readonly abortSignal: AbortSignal };
}

/**
 * Above this a body may not be gone before an early refusal closes the connection, which the SDK takes for a broken
 * one.
 */
const ASKED_FIRST_BYTES = 16 * 1024;

/** Most of a body that the kernel and Node hold when its last byte has been read. */
const KERNEL_BUFFER_BYTES = 8 * 1024 * 1024;

/** What both answers have in common. */
interface Output {
  readonly ETag?: string | undefined;
  readonly ChecksumCRC32?: string | undefined;
}

/**
 * PUT of objects and parts by the AWS SDK, instead of HotPath: slower, and there to fall back on where a server and the
 * hot path do not get along (`transport = sdk` in a profile). The CRC32 and SHA-256 are computed first and sent in
 * headers.
 */
export class SdkObjects {
  readonly #clients: SdkClients;

  constructor(clients: SdkClients) {
    this.#clients = clients;
  }

  /** ObjectStore.putObject. */
  putObject(at: ObjectAddress, source: ObjectSource, options: PutOptions): Promise<PutResult> {
    // Refuses metadata that cannot be a header in the same words as the hot path.
    propertyHeaders(options);
    return this.#send(
      { ...callOf('put object', at, options), properties: options },
      source,
      options,
      (sdk, client, { headers, abort, way, ...sending }) => {
        const command = new sdk.PutObjectCommand({
          Bucket: at.bucket,
          Key: at.key,
          ...sending,
          ...this.#clients.contentInput,
          ...propertyInput(propertiesFor(options, way)),
          IfNoneMatch: options.onlyIfAbsent ? '*' : undefined,
        });
        command.middlewareStack.add(headerMiddleware(headers), AT_BUILD);
        return client.send(command, abort);
      },
    );
  }

  /** ObjectStore.uploadPart. */
  async uploadPart(
    upload: MultipartUpload,
    partNumber: number,
    source: ObjectSource,
    options: TransferOptions,
  ): Promise<UploadedPart> {
    const call = { ...callOf(`upload part ${partNumber} of`, upload, options), isInUpload: true };
    const { bucket: Bucket, key: Key, uploadId: UploadId } = upload;
    const result = await this.#send(
      call,
      source,
      options,
      (sdk, client, { headers, abort, way: _, ...sending }) => {
        const command = new sdk.UploadPartCommand({
          Bucket,
          Key,
          UploadId,
          PartNumber: partNumber,
          ...sending,
          ...this.#clients.contentInput,
        });
        command.middlewareStack.add(headerMiddleware(headers), AT_BUILD);
        return client.send(command, abort);
      },
    );
    return { partNumber, size: sizeOf(source), ...result };
  }

  async #send(
    call: Call,
    source: ObjectSource,
    options: TransferOptions,
    put: (sdk: typeof import('@aws-sdk/client-s3'), client: S3Client, sending: Sending) => Promise<Output>,
  ): Promise<PutResult> {
    await options.pace?.begin(sizeOf(source), options.signal);
    return this.#clients.run(
      call,
      async (sdk, client, way) => {
        const { sha256, crc32, md5 } = await digestsOf(source, way.checksum === 'md5');
        const failed = new AbortController();
        const signals = [failed.signal, ...(options.signal ? [options.signal] : [])];
        const fail = (error: Error): void => failed.abort(error);
        let cancelBound = (): void => undefined;
        const bound = (bytes: number): void => {
          cancelBound = this.#clients.boundAnswer(bytes, fail);
        };
        const body = await bodyOf(source, options, fail, bound);
        const headers: Record<string, string> = { 'x-amz-content-sha256': sha256 };
        if (way.expectContinue && sizeOf(source) > ASKED_FIRST_BYTES) headers.expect = '100-continue';
        const sending = {
          Body: body,
          ContentLength: sizeOf(source),
          way,
          ContentMD5: md5,
          ChecksumCRC32: hasCrc32(way.checksum) ? crc32 : undefined,
          headers,
          abort: { abortSignal: AbortSignal.any(signals) },
        };
        try {
          const output = await put(sdk, client, sending);
          if (Buffer.isBuffer(body)) options.onProgress?.(body.length);
          return { ...resultOf(output, call, crc32), departure: this.#clients.departureOf(call, way) };
        } catch (error) {
          if (failed.signal.aborted) throw failed.signal.reason;
          throw error;
        } finally {
          cancelBound();
          if (!Buffer.isBuffer(body)) body.destroy();
        }
      },
      true,
    );
  }
}

const AT_BUILD = { step: 'build', name: 'sluiceHeaders' } as const;

/**
 * A middleware for headers that the SDK would leave out: it signs no hash of a stream, but takes one that is there
 * already.
 */
function headerMiddleware(headers: Record<string, string>) {
  return <A extends { request: unknown }, R>(next: (args: A) => Promise<R>) =>
    (args: A): Promise<R> => {
      Object.assign((args.request as { headers: Record<string, string> }).headers, headers);
      return next(args);
    };
}

async function bodyOf(
  source: ObjectSource,
  options: TransferOptions,
  onFailure: (error: Error) => void,
  onHandedOver: (bytesUnderWay: number) => void,
): Promise<Sending['Body']> {
  if ('body' in source || sizeOf(source) <= SMALL_BODY_BYTES) {
    const body = await readSource(source);
    onHandedOver(body.length);
    return body;
  }
  const { path, size, offset = 0, file } = source;
  const slice = options.pace?.sliceBytes ?? Number.POSITIVE_INFINITY;
  const range = { start: offset, end: offset + size - 1, highWaterMark: Math.min(2 ** 20, slice) };
  const stream = createReadStream(path, { ...range, fs: file && filesOf(file, options) });
  let passed = 0;
  stream.on('data', chunk => {
    passed += chunk.length;
    options.onProgress?.(chunk.length);
  });
  stream.pause();
  stream.on('end', () => {
    if (passed < size) onFailure(sourceTooShort(path, size, passed));
    else onHandedOver(Math.min(size, KERNEL_BUFFER_BYTES));
  });
  stream.on('error', onFailure);
  return stream;
}

type StreamFiles = NonNullable<Exclude<Parameters<typeof createReadStream>[1], string | undefined>['fs']>;

/** What a stream reads a file with that is open already. */
function filesOf(file: ReadableFile, { pace, signal }: TransferOptions): StreamFiles {
  const open = (
    _path: unknown,
    _flags: unknown,
    _mode: unknown,
    done: (error: null, fd: number) => void,
  ): void => done(null, 0);
  const read = (
    _descriptor: number,
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: unknown, bytes?: number, buffer?: Buffer) => void,
  ): void =>
    void (pace?.take(length, signal) ?? Promise.resolve())
      .then(() => file.read(buffer, offset, length, position))
      .then(bytes => done(null, bytes, buffer), done);
  const close = (_descriptor: number, done: (error: null) => void): void => done(null);
  return { open, read, close } as unknown as StreamFiles;
}

function resultOf({ ETag, ChecksumCRC32 }: Output, call: Call, crc32: string): PutResult {
  return { etag: assertStored(call, ETag, ChecksumCRC32, crc32), crc32, confirmedCrc32: ChecksumCRC32 };
}

function callOf(operation: string, at: ObjectAddress, { signal }: TransferOptions): Call {
  return {
    ...callOn('PUT', operation, at, signal),
    protection: way => (way.checksum === 'trailer' ? 'header' : way.checksum),
  };
}
