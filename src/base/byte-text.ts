/**
 * Text of bytes that are mostly UTF-8: what is not stands as `\xE9`. Where the bytes can hold no backslash, two of them
 * never have the same text, and each text is its bytes again. Raw bytes here are strings of one character a byte
 * (`latin1`), as which Node reads and writes them.
 */

/** Printable ASCII is the same either way. */
const PLAIN = /^[\x20-\x7e]*$/;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of raw bytes. */
export function textOfBytes(raw: string): string {
  if (PLAIN.test(raw)) return raw;
  const bytes = Buffer.from(raw, 'latin1');
  return decoded(bytes) ?? piecewise(bytes);
}

/** The raw bytes of a text that `textOfBytes` has given. */
export function bytesOfText(text: string): string {
  if (PLAIN.test(text) && !text.includes('\\')) return text;
  const utf8 = Buffer.from(text).toString('latin1');
  return utf8.replace(/\\x([0-9A-F]{2})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** Sequences that are UTF-8 as such, every other byte by its number. */
function piecewise(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at] ?? 0);
    const piece = length > 0 ? decoded(bytes.subarray(at, at + length)) : undefined;
    if (piece === undefined) {
      text += `\\x${(bytes[at] ?? 0).toString(16).toUpperCase().padStart(2, '0')}`;
      at += 1;
    } else {
      text += piece;
      at += length;
    }
  }
  return text;
}

function decoded(bytes: Buffer): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}
