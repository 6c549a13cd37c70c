import { hash } from 'node:crypto';
import { headerOf } from '../../../base/http-headers.ts';
import type {
  MultipartUpload,
  ObjectAddress,
  ObjectSource,
  Pace,
  PutOptions,
  PutResult,
  TransferOptions,
  UploadedPart,
} from '../bucket.ts';
import { crc32Of } from '../checksum.ts';
import type { PlainKey } from '../credentials/key.ts';
import {
  chunkedBlocks,
  chunkedLength,
  digestsOf,
  giveBackRooms,
  plainBlocks,
  readSource,
  SMALL_BODY_BYTES,
  sizeOf,
  TRAILER_NAME,
  takeRooms,
} from './body.ts';
import { assertStored } from './classify.ts';
import type { ChecksumMode } from './presets.ts';
import { propertyHeaders } from './properties.ts';
import type { Requests } from './requests.ts';
import { encodeStrictly } from './route.ts';
import { type Call, callOn, type Session, type Way } from './session.ts';
import type { SmallTransport } from './small-transport.ts';
import type { StreamTransport } from './stream-transport.ts';
import type { WireAnswer } from './transport.ts';
import { propertiesFor, type SendingWay } from './ways.ts';

export interface HotPathParts {
  readonly requests: Requests;
  readonly session: Pick<Session, 'departureOf'>;
  readonly small: SmallTransport;
  readonly stream: StreamTransport;
}

interface BodyRequest {
  readonly call: Call;
  readonly at: ObjectAddress;
  readonly query: string;
  readonly headersFor: (way: Way) => Record<string, string>;
  readonly source: ObjectSource;
  readonly options: TransferOptions;
}

/**
 * The requests that delivery makes with every body: PUT object, PUT part. Without the SDK, whose
 * middleware costs several times the CPU of the request itself (docs/benchmarks.md).
 */
export class HotPath {
  readonly #parts: HotPathParts;

  constructor(parts: HotPathParts) {
    this.#parts = parts;
  }

  /** ObjectStore.putObject. */
  putObject(at: ObjectAddress, source: ObjectSource, options: PutOptions): Promise<PutResult> {
    // Refused at once, not when it is sent.
    propertyHeaders(options);
    return this.#sendBody({
      call: { ...callOf('PUT', 'put object', at, options, source), properties: options },
      at,
      query: '',
      headersFor: way => {
        const headers = {
          ...propertyHeaders(propertiesFor(options, way)),
          ...this.#parts.requests.contentHeaders,
        };
        if (options.onlyIfAbsent) headers['if-none-match'] = '*';
        return headers;
      },
      source,
      options,
    });
  }

  /** ObjectStore.uploadPart. */
  async uploadPart(
    upload: MultipartUpload,
    partNumber: number,
    source: ObjectSource,
    options: TransferOptions,
  ): Promise<UploadedPart> {
    const result = await this.#sendBody({
      call: { ...callOf('PUT', `upload part ${partNumber} of`, upload, options, source), isInUpload: true },
      at: upload,
      query: `partNumber=${partNumber}&uploadId=${encodeStrictly(upload.uploadId)}`,
      headersFor: () => ({ ...this.#parts.requests.contentHeaders }),
      source,
      options,
    });
    const { etag, crc32, confirmedCrc32, departure } = result;
    return { partNumber, size: sizeOf(source), etag, crc32, confirmedCrc32, departure };
  }

  async #sendBody(request: BodyRequest): Promise<PutResult> {
    const size = sizeOf(request.source);
    const { pace, signal } = request.options;
    const isSmall = size <= SMALL_BODY_BYTES;
    // Before it is signed: a signature holds for a quarter of an hour.
    await pace?.begin(size, signal);
    if (isSmall && pace && size > pace.sliceBytes) await takeAll(pace, size, signal);
    return this.#parts.requests.run(request.call, (way, key) =>
      isSmall ? this.#sendSmall(request, way, key) : this.#sendStream(request, way, key),
    );
  }

  async #sendSmall(request: BodyRequest, way: Way, key: PlainKey): Promise<PutResult> {
    const body = await readSource(request.source);
    const crc32 = crc32Of(body);
    const headers: Record<string, string> = {
      ...request.headersFor(way),
      'x-amz-content-sha256': hash('sha256', body, 'hex'),
    };
    if (way.checksum === 'md5') headers['content-md5'] = hash('md5', body, 'base64');
    else if (way.checksum !== 'sha256') headers[TRAILER_NAME] = crc32;
    const { at, query, options } = request;
    const { requests, small } = this.#parts;
    const { signal } = options;
    const answer = await small.send(
      requests.sign(way, key, { method: 'PUT', at, query, headers, signal }),
      body,
    );
    options.onProgress?.(body.length);
    return this.#resultOf(answer, request, way, crc32);
  }

  async #sendStream(request: BodyRequest, way: Way, key: PlainKey): Promise<PutResult> {
    const { at, query, source, options } = request;
    const size = sizeOf(source);
    let crc32: string | undefined;
    // Expect is not signed: proxies drop it.
    // A part is not asked about: its upload has been granted, and each question costs a way to the server and back.
    const asks = way.expectContinue && request.call.isInUpload !== true;
    const unsigned: Record<string, string> = asks ? { expect: '100-continue' } : {};
    const headers = request.headersFor(way);
    if (way.checksum === 'trailer') {
      headers['content-encoding'] = 'aws-chunked';
      headers['x-amz-content-sha256'] = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
      headers['x-amz-decoded-content-length'] = String(size);
      headers['x-amz-trailer'] = TRAILER_NAME;
      unsigned['content-length'] = String(chunkedLength(size));
    } else {
      const digests = await digestsOf(source, way.checksum === 'md5');
      crc32 = digests.crc32;
      headers['x-amz-content-sha256'] = digests.sha256;
      if (digests.md5 !== undefined) headers['content-md5'] = digests.md5;
      if (way.checksum === 'header') headers[TRAILER_NAME] = crc32;
      unsigned['content-length'] = String(size);
    }
    const { signal } = options;
    const signed = this.#parts.requests.sign(way, key, { method: 'PUT', at, query, headers, signal });
    const rooms = takeRooms();
    const answer = await this.#parts.stream.send({
      ...signed,
      headers: { ...signed.headers, ...unsigned },
      blocks: () =>
        way.checksum === 'trailer'
          ? chunkedBlocks(source, rooms, value => {
              crc32 = value;
            })
          : plainBlocks(source, rooms),
      onProgress: options.onProgress,
      pace: options.pace,
    });
    // A good answer comes after the last byte; after any other, blocks may still be on their way.
    if (answer.status < 300) giveBackRooms(rooms);
    return this.#resultOf(answer, request, way, crc32);
  }

  #resultOf(answer: WireAnswer, request: BodyRequest, way: Way, crc32: string | undefined): PutResult {
    this.#parts.requests.assertGood(answer, request.call);
    const confirmedCrc32 = headerOf(answer.headers, TRAILER_NAME);
    const etag = assertStored(request.call, headerOf(answer.headers, 'etag'), confirmedCrc32, crc32);
    const departure = this.#parts.session.departureOf(request.call, way);
    return { etag, crc32, confirmedCrc32, departure };
  }
}

/** All of it before it is sent, since it goes in one piece. */
async function takeAll(pace: Pace, size: number, signal: AbortSignal | undefined): Promise<void> {
  for (let done = 0; done < size; ) {
    const bytes = Math.min(size - done, pace.sliceBytes);
    await pace.take(bytes, signal);
    done += bytes;
  }
}

function callOf(
  method: string,
  operation: string,
  at: ObjectAddress,
  { signal }: TransferOptions,
  source?: ObjectSource,
): Call {
  const isSmall = source === undefined || sizeOf(source) <= SMALL_BODY_BYTES;
  const protection = (way: SendingWay): ChecksumMode =>
    isSmall && way.checksum === 'trailer' ? 'header' : way.checksum;
  return { ...callOn(method, operation, at, signal), protection: source && protection };
}
