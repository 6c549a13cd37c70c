import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';
import { hmac, sha256Hex, splitOnce, type Verified } from './auth.ts';
import { S3Error } from './errors.ts';

/** Takes the payload as it comes; the object store's side of a body. */
export interface Sink {
  write(chunk: Buffer): Promise<void> | void;
}

export interface ReceivedBody {
  readonly size: number;
  readonly md5: Buffer;
  readonly crc32: string;
  /** Whether the client sent a CRC32 with it, in a header or trailer. */
  readonly hasChecksum: boolean;
}

/** Hashes a payload on its way into the sink and compares it with everything that the client claimed about it. */
class Receiver {
  readonly #sink: Sink;
  readonly #md5 = createHash('md5');
  readonly #sha256 = createHash('sha256');
  #crc32 = 0;
  size = 0;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  async write(chunk: Buffer): Promise<void> {
    this.size += chunk.length;
    this.#md5.update(chunk);
    this.#sha256.update(chunk);
    this.#crc32 = crc32(chunk, this.#crc32);
    await this.#sink.write(chunk);
  }

  finish(request: IncomingMessage, payloadHash: string, trailers: ReadonlyMap<string, string>): ReceivedBody {
    const md5 = this.#md5.digest();
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(this.#crc32);
    const encoded = crc.toString('base64');
    if (/^[0-9a-f]{64}$/.test(payloadHash) && this.#sha256.digest('hex') !== payloadHash) {
      throw new S3Error(
        400,
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      );
    }
    const claimedMd5 = request.headers['content-md5'];
    if (claimedMd5 !== undefined && claimedMd5 !== md5.toString('base64')) {
      throw new S3Error(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
    }
    const claimed = trailers.get('x-amz-checksum-crc32') ?? request.headers['x-amz-checksum-crc32'];
    if (claimed !== undefined && claimed !== encoded) {
      throw new S3Error(400, 'BadDigest', 'The CRC32 you specified did not match the calculated checksum.');
    }
    return { size: this.size, md5, crc32: encoded, hasChecksum: claimed !== undefined };
  }
}

/** Reads lines and runs of bytes from a request. */
class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  async #more(): Promise<Buffer> {
    const next = await this.#chunks.next();
    if (next.done) throw new S3Error(400, 'IncompleteBody', 'The body ended before its terminating chunk.');
    return next.value;
  }

  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#rest.toString('latin1', 0, end);
        this.#rest = this.#rest.subarray(end + 2);
        return line;
      }
      if (this.#rest.length > 4096) throw new S3Error(400, 'InvalidRequest', 'A chunk header is too long.');
      this.#rest = Buffer.concat([this.#rest, await this.#more()]);
    }
  }

  async *run(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0; ) {
      if (this.#rest.length === 0) this.#rest = await this.#more();
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async assertEnd(): Promise<void> {
    const next = this.#rest.length > 0 ? undefined : await this.#chunks.next();
    if (next?.done !== true)
      throw new S3Error(400, 'InvalidRequest', 'There are bytes after the last chunk.');
  }
}

const STREAMING = {
  unsignedTrailer: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  signed: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
} as const;

export function isStreaming(payloadHash: string): boolean {
  return payloadHash.startsWith('STREAMING-');
}

/**
 * Receives a body in whichever of the four ways it is sent: hash in the header, UNSIGNED-PAYLOAD, aws-chunked with
 * trailers, aws-chunked with a signature for each chunk.
 */
export async function receiveBody(
  request: IncomingMessage,
  chunks: AsyncIterable<Buffer>,
  verified: Verified,
  sink: Sink,
): Promise<ReceivedBody> {
  const receiver = new Receiver(sink);
  const { payloadHash } = verified;
  if (!isStreaming(payloadHash)) {
    if (payloadHash !== 'UNSIGNED-PAYLOAD' && !/^[0-9a-f]{64}$/.test(payloadHash)) {
      throw new S3Error(
        400,
        'InvalidArgument',
        'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-… or a valid sha256 value.',
      );
    }
    for await (const chunk of chunks) await receiver.write(chunk);
    return receiver.finish(request, payloadHash, new Map());
  }
  if (payloadHash !== STREAMING.unsignedTrailer && payloadHash !== STREAMING.signed) {
    throw new S3Error(501, 'NotImplemented', `${payloadHash} is not implemented`);
  }
  const declared = Number(request.headers['x-amz-decoded-content-length'] ?? Number.NaN);
  if (!Number.isSafeInteger(declared))
    throw new S3Error(411, 'MissingContentLength', 'x-amz-decoded-content-length is missing');
  const reader = new ByteReader(chunks);
  const trailers =
    payloadHash === STREAMING.signed
      ? await readSignedChunks(reader, receiver, verified)
      : await readUnsignedChunks(reader, receiver, request);
  await reader.assertEnd();
  if (receiver.size !== declared) {
    throw new S3Error(
      400,
      'IncompleteBody',
      `x-amz-decoded-content-length is ${declared}, ${receiver.size} bytes came`,
    );
  }
  return receiver.finish(request, payloadHash, trailers);
}

function sizeOfChunk(text: string): number {
  if (!/^[0-9a-fA-F]{1,14}$/.test(text))
    throw new S3Error(400, 'InvalidRequest', `"${text}" is no chunk size`);
  return Number.parseInt(text, 16);
}

async function assertLineEnd(reader: ByteReader): Promise<void> {
  if ((await reader.line()) !== '')
    throw new S3Error(400, 'InvalidRequest', 'A chunk does not end where it says.');
}

async function readUnsignedChunks(
  reader: ByteReader,
  receiver: Receiver,
  request: IncomingMessage,
): Promise<Map<string, string>> {
  for (;;) {
    const size = sizeOfChunk(await reader.line());
    if (size === 0) break;
    for await (const piece of reader.run(size)) await receiver.write(piece);
    await assertLineEnd(reader);
  }
  const trailers = new Map<string, string>();
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const [name, value] = splitOnce(line, ':');
    trailers.set(name.toLowerCase().trim(), value.trim());
  }
  const announced = String(request.headers['x-amz-trailer'] ?? '')
    .split(',')
    .map(name => name.trim().toLowerCase())
    .filter(Boolean);
  if (announced.toSorted().join() !== [...trailers.keys()].toSorted().join()) {
    throw new S3Error(
      400,
      'MalformedTrailerError',
      'The trailers are not those that x-amz-trailer announced.',
    );
  }
  return trailers;
}

/**
 * Each chunk's signature covers the one before it (Amazon S3 API reference, "Transferring Payload in Multiple Chunks").
 */
async function readSignedChunks(
  reader: ByteReader,
  receiver: Receiver,
  verified: Verified,
): Promise<Map<string, string>> {
  let previous = verified.signature;
  for (;;) {
    const [sizeText, extension] = splitOnce(await reader.line(), ';');
    const size = sizeOfChunk(sizeText);
    const pieces: Buffer[] = [];
    for await (const piece of reader.run(size)) pieces.push(Buffer.from(piece));
    await assertLineEnd(reader);
    const chunk = Buffer.concat(pieces);
    const toSign = [
      'AWS4-HMAC-SHA256-PAYLOAD',
      verified.timestamp,
      verified.scope,
      previous,
      sha256Hex(''),
      sha256Hex(chunk),
    ].join('\n');
    previous = hmac(verified.signingKey, toSign).toString('hex');
    if (extension !== `chunk-signature=${previous}`) {
      throw new S3Error(403, 'SignatureDoesNotMatch', 'A chunk signature does not match.');
    }
    if (size === 0) return new Map();
    await receiver.write(chunk);
  }
}
