import { hash } from 'node:crypto';
import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import { headerOf } from '../../../base/http-headers.ts';
import type {
  HeadOptions,
  MultipartUpload,
  ObjectAddress,
  ObjectHead,
  ObjectSource,
  PutOptions,
  PutResult,
  TransferOptions,
  UploadedPart,
} from '../bucket.ts';
import { crc32Of } from '../checksum.ts';
import type { PlainKey } from '../credentials/key.ts';
import { AnswerError, hasS3Marks } from './answer.ts';
import {
  chunkedBlocks,
  chunkedLength,
  digestsOf,
  giveBackRooms,
  plainBlocks,
  readSource,
  sizeOf,
  TRAILER_NAME,
  takeRooms,
} from './body.ts';
import { assertStored } from './classify.ts';
import type { Keys } from './keys.ts';
import type { ChecksumMode } from './presets.ts';
import { metadataOf, propertyHeaders } from './properties.ts';
import { encodeStrictly, targetOf } from './route.ts';
import { type Call, callOn, type Session, type Way } from './session.ts';
import { EMPTY_SHA256, Signer } from './signing.ts';
import type { SmallTransport } from './small-transport.ts';
import type { StreamTransport } from './stream-transport.ts';
import { refusalIn } from './success.ts';
import type { WireAnswer, WireRequest } from './transport.ts';

/** Up to here a body is read whole into memory and sent with its hashes in the headers; larger ones are streamed. */
export const SMALL_BODY_BYTES = 1024 * 1024;

/** Not signed: proxies may add to it. */
const USER_AGENT = 'sluice';

export interface HotPathParts {
  readonly session: Session;
  readonly keys: Keys;
  readonly small: SmallTransport;
  readonly stream: StreamTransport;
  readonly clock: Pick<Clock, 'nowMs'>;
}

interface BodyRequest {
  readonly call: Call;
  readonly at: ObjectAddress;
  readonly query: string;
  readonly headers: Record<string, string>;
  readonly source: ObjectSource;
  readonly options: TransferOptions;
}

/**
 * The three requests that delivery makes for every file: PUT object, PUT part, HEAD. Without the SDK, whose
 * middleware costs several times the CPU of the request itself (docs/benchmarks.md).
 */
export class HotPath {
  readonly #parts: HotPathParts;
  /** A signer keeps what it derives from its key for a day. */
  #signer: { readonly key: PlainKey; readonly signer: Signer } | undefined;

  constructor(parts: HotPathParts) {
    this.#parts = parts;
  }

  /** ObjectStore.putObject. */
  putObject(at: ObjectAddress, source: ObjectSource, options: PutOptions): Promise<PutResult> {
    const headers = propertyHeaders(options);
    if (options.onlyIfAbsent) headers['if-none-match'] = '*';
    return this.#sendBody({
      call: callOf('PUT', 'put object', at, source),
      at,
      query: '',
      headers,
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
      call: { ...callOf('PUT', `upload part ${partNumber} of`, upload, source), isInUpload: true },
      at: upload,
      query: `partNumber=${partNumber}&uploadId=${encodeStrictly(upload.uploadId)}`,
      headers: {},
      source,
      options,
    });
    return { partNumber, size: sizeOf(source), etag: result.etag, crc32: result.crc32 };
  }

  /** ObjectStore.headObject. */
  async headObject(at: ObjectAddress, options: HeadOptions): Promise<ObjectHead | undefined> {
    const wantsChecksum = options.checksum ?? false;
    const call: Call = { ...callOf('HEAD', 'head object', at), wantsChecksum };
    return this.#run(call, async (way, key) => {
      const headers: Record<string, string> = { 'x-amz-content-sha256': EMPTY_SHA256 };
      if (wantsChecksum && way.checksumMode) headers['x-amz-checksum-mode'] = 'ENABLED';
      const answer = await this.#parts.small.send(this.#sign(way, key, 'HEAD', at, '', headers, options));
      // HEAD has no words. Where the headers do not show who speaks, the first byte is asked for, and a refusal has them.
      if (!hasS3Marks(answer.headers) && refusalIn(answer, 'HEAD', 0) !== undefined) {
        return this.#firstByte(way, key, at, call, options);
      }
      if (answer.status === 404) return undefined;
      this.#assertGood(answer, call);
      return headOf(answer);
    });
  }

  /** What GET of an object's first byte tells of it. */
  async #firstByte(
    way: Way,
    key: PlainKey,
    at: ObjectAddress,
    call: Call,
    options: HeadOptions,
  ): Promise<ObjectHead | undefined> {
    const headers = { 'x-amz-content-sha256': EMPTY_SHA256, range: 'bytes=0-0' };
    const answer = await this.#parts.small.send(this.#sign(way, key, 'GET', at, '', headers, options));
    const refusal =
      answer.status === 206 ? undefined : refusalIn(answer, 'GET', this.#parts.clock.nowMs(), at.bucket);
    if (refusal?.code === 'NoSuchKey') return undefined;
    if (refusal !== undefined) throw new AnswerError(refusal);
    const size = /\/(\d+)\s*$/.exec(headerOf(answer.headers, 'content-range') ?? '')?.[1];
    if (size === undefined || headerOf(answer.headers, 'etag') === undefined) {
      throw new SluiceError('answer_invalid', `${call.operation} ${call.subject}: answered without a size`, {
        operation: call.operation,
        subject: call.subject,
      });
    }
    return headOf({ ...answer, headers: { ...answer.headers, 'content-length': size } });
  }

  #sendBody(request: BodyRequest): Promise<PutResult> {
    const isSmall = sizeOf(request.source) <= SMALL_BODY_BYTES;
    return this.#run(request.call, (way, key) =>
      isSmall ? this.#sendSmall(request, way, key) : this.#sendStream(request, way, key),
    );
  }

  /** Under the session's corrections, with the key as it is. */
  #run<T>(call: Call, attempt: (way: Way, key: PlainKey) => Promise<T>): Promise<T> {
    const { session, keys } = this.#parts;
    return session.run(call, way => keys.use(key => attempt(way, key)));
  }

  async #sendSmall(request: BodyRequest, way: Way, key: PlainKey): Promise<PutResult> {
    const body = await readSource(request.source);
    const crc32 = crc32Of(body);
    const headers: Record<string, string> = {
      ...request.headers,
      'x-amz-content-sha256': hash('sha256', body, 'hex'),
    };
    if (way.checksum !== 'sha256') headers[TRAILER_NAME] = crc32;
    const { at, query, options } = request;
    const answer = await this.#parts.small.send(
      this.#sign(way, key, 'PUT', at, query, headers, options),
      body,
    );
    options.onProgress?.(body.length);
    return this.#resultOf(answer, request, crc32);
  }

  async #sendStream(request: BodyRequest, way: Way, key: PlainKey): Promise<PutResult> {
    const { at, query, source, options } = request;
    const size = sizeOf(source);
    let crc32: string | undefined;
    // Expect is not signed: proxies drop it.
    // A part is not asked about: its upload has been granted, and each question costs a way to the server and back.
    const asks = way.expectContinue && request.call.isInUpload !== true;
    const unsigned: Record<string, string> = asks ? { expect: '100-continue' } : {};
    const headers: Record<string, string> = { ...request.headers };
    if (way.checksum === 'trailer') {
      headers['content-encoding'] = 'aws-chunked';
      headers['x-amz-content-sha256'] = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
      headers['x-amz-decoded-content-length'] = String(size);
      headers['x-amz-trailer'] = TRAILER_NAME;
      unsigned['content-length'] = String(chunkedLength(size));
    } else {
      const digests = await digestsOf(source);
      crc32 = digests.crc32;
      headers['x-amz-content-sha256'] = digests.sha256;
      if (way.checksum === 'header') headers[TRAILER_NAME] = crc32;
      unsigned['content-length'] = String(size);
    }
    const signed = this.#sign(way, key, 'PUT', at, query, headers, options);
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
    });
    // A good answer comes after the last byte; after any other, blocks may still be on their way.
    if (answer.status < 300) giveBackRooms(rooms);
    return this.#resultOf(answer, request, crc32);
  }

  #resultOf(answer: WireAnswer, request: BodyRequest, crc32: string | undefined): PutResult {
    this.#assertGood(answer, request.call);
    const confirmedCrc32 = headerOf(answer.headers, TRAILER_NAME);
    const etag = assertStored(request.call, headerOf(answer.headers, 'etag'), confirmedCrc32, crc32);
    return { etag, crc32, confirmedCrc32 };
  }

  #assertGood(answer: WireAnswer, call: Call): void {
    const refusal = refusalIn(answer, call.method, this.#parts.clock.nowMs(), call.bucket);
    if (refusal !== undefined) throw new AnswerError(refusal);
  }

  #sign(
    way: Way,
    key: PlainKey,
    method: string,
    at: ObjectAddress,
    query: string,
    headers: Record<string, string>,
    options: { readonly signal?: AbortSignal },
  ): WireRequest {
    const { origin, host, path } = targetOf(way.route, at.bucket, at.key);
    headers.host = host;
    if (this.#signer?.key !== key) this.#signer = { key, signer: new Signer(key) };
    const signed = this.#signer.signer.sign({
      method,
      path,
      query,
      headers,
      region: way.route.region,
      nowMs: way.signingTimeMs,
    });
    return {
      method,
      origin,
      path: query === '' ? path : `${path}?${query}`,
      headers: { ...signed, 'user-agent': USER_AGENT },
      signal: options.signal,
    };
  }
}

function callOf(method: string, operation: string, at: ObjectAddress, source?: ObjectSource): Call {
  const isSmall = source === undefined || sizeOf(source) <= SMALL_BODY_BYTES;
  const protection = (way: Way): ChecksumMode =>
    isSmall && way.checksum === 'trailer' ? 'header' : way.checksum;
  return { ...callOn(method, operation, at), protection: source && protection };
}

function headOf(answer: WireAnswer): ObjectHead {
  const { headers } = answer;
  const size = Number(headerOf(headers, 'content-length') ?? Number.NaN);
  const contentType = headerOf(headers, 'content-type');
  const crc32 = headerOf(headers, TRAILER_NAME);
  if (!Number.isSafeInteger(size))
    throw new SluiceError('answer_invalid', 'HEAD was answered without a size');
  return {
    size,
    etag: headerOf(headers, 'etag') ?? '',
    lastModifiedMs: Date.parse(headerOf(headers, 'last-modified') ?? '') || 0,
    metadata: metadataOf(headers),
    contentType,
    crc32,
  };
}
