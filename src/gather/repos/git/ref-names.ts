/**
 * Names of refs as text. Git's are bytes, mostly UTF-8; what is not stands as `\xE9`, which no ref can be confused with,
 * since git allows no backslash in one. So two names are never the same text, and each text is one name again.
 *
 * Raw names here are strings of one character a byte (`latin1`), as which Node reads and writes them.
 */

/** Printable ASCII is the same either way. */
const PLAIN = /^[\x20-\x7e]*$/;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a raw name. */
export function refNameOf(raw: string): string {
  if (PLAIN.test(raw)) return raw;
  const bytes = Buffer.from(raw, 'latin1');
  try {
    return UTF8.decode(bytes);
  } catch {
    return piecewise(bytes);
  }
}

/** The raw name of a text that `refNameOf` has given. */
export function rawRefName(name: string): string {
  if (PLAIN.test(name) && !name.includes('\\')) return name;
  const utf8 = Buffer.from(name).toString('latin1');
  return utf8.replace(/\\x([0-9A-F]{2})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** Whether git takes it for a ref below refs/ (git-check-ref-format(1)); of a raw name. */
export function isRefName(raw: string): boolean {
  if (!raw.startsWith('refs/')) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\/$|\.$/.test(raw)) return false;
  return raw.split('/').every(part => !part.startsWith('.') && !part.endsWith('.lock'));
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
