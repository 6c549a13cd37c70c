import { isUtf8 } from 'node:buffer';
import { SluiceError } from '../../base/errors.ts';
import { isCharset } from '../../base/text.ts';

/**
 * The encoding that a content type says: its `charset`; for text without one the web's own guess, which is tried after
 * UTF-8. Undefined where it says nothing. Pure.
 */
export function charsetOf(contentType: string): string | undefined {
  const [, quoted, plain] = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i.exec(contentType) ?? [];
  const named = (quoted ?? plain)?.trim();
  if (named !== undefined && named !== '') return named;
  return /^\s*text\//i.test(contentType) ? FALLBACK : undefined;
}

const UTF8 = new TextDecoder();

/** Of text on the web that says no encoding and is no UTF-8 (RFC 9110 has no default any more; browsers take this). */
const FALLBACK = 'windows-1252';

/**
 * Bytes as text. A byte order mark says more than `charset`; what is UTF-8 is taken for that unless the
 * encoding is one of two bytes a character. Undefined where it is no text in that encoding. Pure.
 * @param charset a label of the Encoding Standard; UTF-8 where undefined
 * @throws SluiceError reading_invalid where there is no such encoding
 */
export function decodeText(bytes: Uint8Array, charset?: string): string | undefined {
  const encoding = markedEncoding(bytes) ?? charset ?? 'utf-8';
  // Nearly every reading is UTF-8; a decoder of its own costs more than most of them.
  if ((encoding === 'utf-8' || encoding === FALLBACK) && isUtf8(bytes)) return UTF8.decode(bytes);
  if (encoding === 'utf-8') return undefined;
  if (!isCharset(encoding))
    throw new SluiceError(
      'reading_invalid',
      `the reading says that its encoding is "${encoding.slice(0, 40)}"`,
      {
        hint: 'Set "charset" of the collector to the encoding that it has, or "format: binary".',
      },
    );
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The encoding that a byte order mark tells. Pure. */
function markedEncoding([first, second, third]: Uint8Array): string | undefined {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
}
