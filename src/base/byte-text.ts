/**
 * Text of bytes that are mostly UTF-8: what is not stands as `\xE9`. Raw bytes here are strings of one character a byte
 * (`latin1`), as which Node reads and writes them.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: bytes as latin1.
const ASCII = /^[\x00-\x7f]*$/;
/** One character of UTF-8 beyond ASCII as RFC 3629 has it, or a byte that begins none. */
const CHARACTER_OR_BYTE =
  /[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f])[\x80-\xbf]|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf]{2}|[\x80-\xff]/g;
/** What would be read as such a byte. */
const AMBIGUOUS = /\\(?=x[0-9A-F]{2})/g;

/**
 * The text of raw bytes that tell things apart (a name, an e-mail, a ref): two never have the same text, and each text
 * is its bytes again. A backslash that would be taken for the beginning of a byte stands as `\x5C`.
 */
export function textOfBytes(raw: string): string {
  return readableText(raw.includes('\\') ? raw.replace(AMBIGUOUS, '\\x5C') : raw);
}

/** The raw bytes of a text that `textOfBytes` has given. */
export function bytesOfText(text: string): string {
  const raw = ASCII.test(text) ? text : Buffer.from(text).toString('latin1');
  if (!raw.includes('\\')) return raw;
  return raw.replace(/\\x([0-9A-F]{2})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** The text of raw bytes that are read by people: what is UTF-8 stays as it is, whatever it says. */
export function readableText(raw: string): string {
  if (ASCII.test(raw)) return raw;
  const text = Buffer.from(raw, 'latin1').toString('utf8');
  if (!text.includes('\ufffd')) return text;
  const marked = raw.replace(CHARACTER_OR_BYTE, piece =>
    piece.length > 1 ? piece : `\\x${piece.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return Buffer.from(marked, 'latin1').toString('utf8');
}
