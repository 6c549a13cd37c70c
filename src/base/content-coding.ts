import { promisify } from 'node:util';
import zlib from 'node:zlib';

type Decoder = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const inflate: Decoder = promisify(zlib.inflate);
const inflateRaw: Decoder = promisify(zlib.inflateRaw);
const gunzip: Decoder = promisify(zlib.gunzip);

/** Content codings (RFC 9110, 8.4.1; RFC 7932; RFC 8878). `deflate` comes with and without its header. */
const DECODERS = new Map<string, Decoder>([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  ['deflate', (bytes, options) => ((bytes[0] ?? 0) % 16 === 8 ? inflate : inflateRaw)(bytes, options)],
  ['br', promisify(zlib.brotliDecompress)],
  ['zstd', promisify(zlib.zstdDecompress)],
]);

/** Why a body could not be unpacked: its coding is not known, it is not of its coding, or too much comes out. */
export interface ContentFault {
  readonly fault: 'unknown' | 'broken' | 'too large';
  /** The name of the coding. */
  readonly coding: string;
  readonly cause?: unknown;
}

/**
 * A body without its content codings, the last one first. Never rejects.
 * @param codings `Content-Encoding`
 * @param maxBytes no more than this comes out of any of them
 */
export async function decodeContent(
  body: Buffer,
  codings: string,
  maxBytes: number,
): Promise<Buffer | ContentFault> {
  let bytes = body;
  for (const each of codings.split(',').reverse()) {
    const coding = each.trim().toLowerCase();
    if (coding === '' || coding === 'identity' || bytes.length === 0) continue;
    const decode = DECODERS.get(coding);
    if (!decode) return { fault: 'unknown', coding };
    try {
      bytes = await decode(bytes, { maxOutputLength: maxBytes });
    } catch (cause) {
      const isTooLarge = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
      return { fault: isTooLarge ? 'too large' : 'broken', coding, cause };
    }
  }
  return bytes;
}
