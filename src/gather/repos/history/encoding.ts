import { createRequire } from 'node:module';
import { codecNamed } from './encoding-names.ts';

type IconvLite = typeof import('iconv-lite');

/** What glibc's tables have of each; iconv-lite's are those of Windows, which have more. */
const STRICT: Readonly<Record<string, RegExp>> = {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes as latin1.
  shift_jis: /^(?:[\x00-\x7f\xa1-\xdf]|[\x81-\x84\x88-\x9f\xe0-\xea][\x40-\x7e\x80-\xfc])*$/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes as latin1.
  'euc-kr': /^(?:[\x00-\x9f]|[\xa1-\xfe][\xa1-\xfe])*$/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes as latin1.
  gb2312: /^(?:[\x00-\x7f]|[\xa1-\xf7][\xa1-\xfe])*$/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes as latin1.
  big5: /^(?:[\x00-\x7f]|[\xa1-\xf9][\x40-\x7e\xa1-\xfe])*$/,
};
/** Marks stand behind their letters there; glibc puts both into one character. */
const COMPOSED = new Set(['cp1258', 'tcvn5712-1', 'windows-1255']);

let iconv: IconvLite | undefined;

/**
 * A commit whose header names an encoding, as UTF-8, both in latin1 characters, one a byte. Like git, which decodes by
 * iconv, leaves it as it is (undefined) where it is UTF-8 already, the encoding is unknown, or the bytes are none of
 * it.
 */
export function recodeAsUtf8(latin1: string, encoding: string): string | undefined {
  const codec = codecNamed(encoding);
  if (codec === undefined || codec === 'ascii') return undefined;
  if (codec === 'iso-8859-1') return Buffer.from(latin1, 'utf8').toString('latin1');
  if (STRICT[codec]?.test(latin1) === false) return undefined;
  const text = decode(Buffer.from(latin1, 'latin1'), codec);
  // Not what its header says: then it is shown as it is.
  return text === undefined ? undefined : Buffer.from(text, 'utf8').toString('latin1');
}

/** In EUC-KR, bytes below its pairs are characters of their own. Undefined for what is none of the encoding. */
function decode(bytes: Buffer, codec: string): string | undefined {
  if (codec === 'iso-2022-jp') return decodeStateful(bytes, codec);
  // Loaded with the first commit that needs it: most histories have none.
  iconv ??= createRequire(import.meta.url)('iconv-lite') as IconvLite;
  const { decode: decodeAs } = iconv;
  const text =
    codec === 'euc-kr'
      ? bytes
          .toString('latin1')
          .replace(/[\xa1-\xfe]+/g, pairs => decodeAs(Buffer.from(pairs, 'latin1'), codec))
      : decodeAs(bytes, codec, { stripBOM: false });
  if (text.includes('\ufffd')) return undefined;
  return COMPOSED.has(codec) ? text.normalize('NFC') : text;
}

/** The one of them that iconv-lite lacks and the web's standard has. */
function decodeStateful(bytes: Buffer, codec: string): string | undefined {
  try {
    return new TextDecoder(codec, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
