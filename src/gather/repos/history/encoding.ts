/** Encodings as git and people write them, where the web's standard knows them by another name. */
const WEB_NAMES: Readonly<Record<string, string>> = {
  cp932: 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  cp950: 'big5',
  'latin-9': 'iso-8859-15',
  latin9: 'iso-8859-15',
};
/** The web's standard means windows-1252 by these names, git means what they say: each byte a character. */
const LATIN1 = /^(iso-?8859-?1|iso_8859-1|latin-?1|l1|cp819)$/;
const UTF8 = /^(utf-?8)?$/;

/** Commits can name anything: what is remembered of it is bounded. */
const MAX_DECODERS = 64;
const decoders = new Map<string, TextDecoder | undefined>();

/**
 * A commit whose header names an encoding, as UTF-8, both in latin1 characters, one a byte. Like git, which decodes by
 * iconv, leaves it as it is (undefined) where it is UTF-8 already, the encoding is unknown, or the bytes are none of
 * it.
 */
export function recodeAsUtf8(latin1: string, encoding: string): string | undefined {
  const name = encoding.trim().toLowerCase();
  if (UTF8.test(name)) return undefined;
  if (LATIN1.test(name)) return Buffer.from(latin1, 'utf8').toString('latin1');
  const decoder = decoderOf(name);
  if (!decoder) return undefined;
  try {
    return Buffer.from(decoder.decode(Buffer.from(latin1, 'latin1')), 'utf8').toString('latin1');
  } catch {
    // Not what its header says: then it is shown as it is.
    return undefined;
  }
}

function decoderOf(name: string): TextDecoder | undefined {
  if (decoders.size >= MAX_DECODERS) decoders.clear();
  if (!decoders.has(name)) decoders.set(name, createDecoder(name));
  return decoders.get(name);
}

function createDecoder(name: string): TextDecoder | undefined {
  try {
    return new TextDecoder(WEB_NAMES[name] ?? name, { fatal: true });
  } catch {
    // Nobody knows that encoding.
    return undefined;
  }
}
