import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { SluiceError } from '../../../../base/errors.ts';

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

/**
 * A body without its content codings, the last one first. Pure.
 * @param codings `Content-Encoding`
 * @throws SluiceError reading_invalid for a coding that is not known and a body that is not of its coding;
 * answer_too_large where more than `maxBytes` come out
 */
export async function decodeBody(body: Buffer, codings: string, maxBytes: number): Promise<Buffer> {
  let bytes = body;
  for (const coding of codings.split(',').reverse()) {
    const name = coding.trim().toLowerCase();
    if (name === '' || name === 'identity' || bytes.length === 0) continue;
    const decode = DECODERS.get(name);
    if (!decode) throw new SluiceError('reading_invalid', `it answers in the coding "${name.slice(0, 40)}"`);
    bytes = await decode(bytes, { maxOutputLength: maxBytes }).catch(error => {
      throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
        ? new SluiceError('answer_too_large', 'it answers too much', { cause: error })
        : new SluiceError('reading_invalid', `its answer is no whole ${name}`, { cause: error });
    });
  }
  return bytes;
}
