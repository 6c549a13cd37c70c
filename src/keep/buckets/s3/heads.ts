import { SluiceError } from '../../../base/errors.ts';
import { headerOf } from '../../../base/http-headers.ts';
import type { HeadOptions, ObjectAddress, ObjectHead } from '../bucket.ts';
import { sameETag } from '../checksum.ts';
import { hasS3Marks } from './answer.ts';
import { chunkedLength, SMALL_BODY_BYTES, TRAILER_NAME } from './body.ts';
import type { Listing } from './listing.ts';
import { metadataOf } from './properties.ts';
import type { Requests } from './requests.ts';
import { type Call, callOn, type Session } from './session.ts';
import { EMPTY_SHA256 } from './signing.ts';
import type { SmallTransport } from './small-transport.ts';
import type { WireAnswer } from './transport.ts';

export interface HeadParts {
  readonly requests: Requests;
  readonly small: SmallTransport;
  readonly listing: Listing;
  readonly session: Pick<Session, 'noteFraming'>;
}

/** What HEAD came to: what it tells, undefined where the object is not there; or a refusal that another question may not meet. */
type Asked = { readonly head: ObjectHead | undefined } | { readonly refused: SluiceError };

/**
 * What the server knows of an object: by HEAD, and where that is refused, comes from a stranger or tells no size, or says
 * that what was sent is not there, by GET of its first byte, then by a listing of its key. Each is asked once.
 */
export class Heads {
  readonly #parts: HeadParts;

  constructor(parts: HeadParts) {
    this.#parts = parts;
  }

  /** ObjectStore.headObject. */
  async headObject(at: ObjectAddress, options: HeadOptions): Promise<ObjectHead | undefined> {
    const asked = await this.#ask(at, options);
    // Of what was sent, a 404 without words is not believed until another question is answered so.
    if ('head' in asked && asked.head === undefined && options.sentSizes !== undefined) {
      const other = await this.#firstByte(at, undefined, options);
      return other === 'missing' ? undefined : this.#noted(at, other, options);
    }
    if ('head' in asked && (asked.head === undefined || asked.head.size !== undefined)) {
      return this.#noted(at, asked.head, options);
    }
    const known = 'head' in asked ? asked.head : undefined;
    const other = (await this.#firstByte(at, known, options)) ?? (await this.#listed(at, known, options));
    if (other === 'missing') return undefined;
    const head = other === undefined ? known : { ...other, ...known, size: other.size };
    if (head === undefined) throw 'refused' in asked ? asked.refused : undefined;
    return this.#noted(at, head, options);
  }

  /** Chunk framing stored as content is as long as what was on the wire. */
  #noted(
    at: ObjectAddress,
    head: ObjectHead | undefined,
    { sentSizes }: HeadOptions,
  ): ObjectHead | undefined {
    if (head?.size === undefined || sentSizes === undefined) return head;
    const plain = sentSizes.reduce((sum, size) => sum + size, 0);
    const onWire = (size: number): number => (size > SMALL_BODY_BYTES ? chunkedLength(size) : size);
    const framed = sentSizes.reduce((sum, size) => sum + onWire(size), 0);
    if (head.size === framed && framed !== plain) this.#parts.session.noteFraming(at.bucket);
    return head;
  }

  async #ask(at: ObjectAddress, options: HeadOptions): Promise<Asked> {
    const { requests, small } = this.#parts;
    const wantsChecksum = options.checksum ?? false;
    const call: Call = { ...callOn('HEAD', 'head object', at, options.signal), wantsChecksum };
    try {
      return await requests.run(call, async (way, key): Promise<Asked> => {
        // What is compressed on the way has another length.
        const headers: Record<string, string> = {
          ...requests.contentHeaders,
          'accept-encoding': 'identity',
          'x-amz-content-sha256': EMPTY_SHA256,
        };
        if (wantsChecksum && way.checksumMode) headers['x-amz-checksum-mode'] = 'ENABLED';
        const { signal } = options;
        const answer = await small.send(requests.sign(way, key, { method: 'HEAD', at, headers, signal }));
        if (answer.status === 404 && hasS3Marks(answer.headers)) return { head: undefined };
        requests.assertGood(answer, call);
        return { head: headOf(answer) };
      });
    } catch (error) {
      if (!(error instanceof SluiceError) || !mayBeAskedOtherwise(error)) throw error;
      return { refused: error };
    }
  }

  /**
   * GET of the first byte: its Content-Range has the size, its refusal has words. Undefined where it does not tell, or
   * tells of another object than HEAD did.
   */
  async #firstByte(
    at: ObjectAddress,
    known: ObjectHead | undefined,
    { signal }: HeadOptions,
  ): Promise<ObjectHead | 'missing' | undefined> {
    const { requests, small } = this.#parts;
    const call = callOn('GET', 'get the first byte of', at, signal);
    try {
      return await requests.run(call, async (way, key) => {
        const headers = {
          ...requests.contentHeaders,
          'accept-encoding': 'identity',
          range: 'bytes=0-0',
          'x-amz-content-sha256': EMPTY_SHA256,
        };
        const request = requests.sign(way, key, { method: 'GET', at, headers, signal });
        // A server that knows no ranges sends the whole object: the transport reads its beginning only.
        const answer = await small.send(request);
        const range = /\/(\d+)\s*$/.exec(headerOf(answer.headers, 'content-range') ?? '')?.[1];
        // An empty object has no first byte.
        if (answer.status === 416 && range !== undefined) {
          return { etag: '', lastModifiedMs: 0, metadata: {}, ...known, size: Number(range) };
        }
        if (answer.status >= 300) requests.assertGood(answer, call);
        const head = headOf(answer);
        const isSame =
          head.etag !== '' && (known === undefined || known.etag === '' || sameETag(head.etag, known.etag));
        if (!isSame) return undefined;
        return { ...head, size: range === undefined ? head.size : Number(range) };
      });
    } catch (error) {
      if (!(error instanceof SluiceError) || error.answer === 'cancelled') throw error;
      return error.code === 'object_missing' ? 'missing' : undefined;
    }
  }

  /** The key's own entry in a listing; one that is not there proves nothing where HEAD was only refused. */
  async #listed(
    at: ObjectAddress,
    known: ObjectHead | undefined,
    { signal }: HeadOptions,
  ): Promise<ObjectHead | undefined> {
    try {
      const page = await this.#parts.listing.listObjects(at.bucket, { prefix: at.key, maxKeys: 1, signal });
      const entry = page.objects.find(({ key }) => key === at.key);
      if (
        entry === undefined ||
        (known !== undefined && known.etag !== '' && !sameETag(entry.etag, known.etag))
      ) {
        return undefined;
      }
      const { size, etag, lastModifiedMs } = entry;
      return { size, etag, lastModifiedMs, metadata: {} };
    } catch (error) {
      if (!(error instanceof SluiceError) || error.answer === 'cancelled') throw error;
      return undefined;
    }
  }
}

/** Refusals of HEAD that say nothing of the object: another question may be answered. */
function mayBeAskedOtherwise({ code }: SluiceError): boolean {
  return [
    'access_denied',
    'not_supported',
    'request_refused',
    'bucket_unavailable',
    'answer_invalid',
    'region_wrong',
  ].includes(code);
}

/** ETag and CRC32 of nothing. */
const EMPTY_MD5 = 'd41d8cd98f00b204e9800998ecf8427e';
const EMPTY_CRC32 = 'AAAAAA==';

/**
 * What the headers of HEAD or GET tell. The size is not believed of what was compressed on the way, nor one of 0 without
 * other signs of an empty object: some servers have no length for HEAD, and say so by 0.
 */
function headOf({ status, headers }: WireAnswer): ObjectHead {
  const etag = headerOf(headers, 'etag') ?? '';
  const crc32 = headerOf(headers, TRAILER_NAME);
  const length = headerOf(headers, 'content-length');
  const size = length !== undefined && /^\d+$/.test(length) ? Number(length) : Number.NaN;
  const isCompressed = !/^(identity|aws-chunked|)$/i.test(
    (headerOf(headers, 'content-encoding') ?? '').trim(),
  );
  const isEmpty = sameETag(etag, EMPTY_MD5) || crc32 === EMPTY_CRC32;
  const isTold = Number.isSafeInteger(size) && status !== 204 && !isCompressed && (size > 0 || isEmpty);
  return {
    size: isTold ? size : undefined,
    etag,
    lastModifiedMs: Date.parse(headerOf(headers, 'last-modified') ?? '') || 0,
    metadata: metadataOf(headers),
    contentType: headerOf(headers, 'content-type'),
    crc32,
  };
}
