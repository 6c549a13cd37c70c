import { bytesOfText, textOfBytes } from '../../../base/byte-text.ts';

/**
 * Names of refs as text. Git's are bytes, mostly UTF-8; what is not stands as `\xE9`, which no ref can be confused with,
 * since git allows no backslash in one. So two names are never the same text, and each text is one name again.
 *
 * Raw names here are strings of one character a byte (`latin1`).
 */

/** The text of a raw name. */
export function refNameOf(raw: string): string {
  return textOfBytes(raw);
}

/** The raw name of a text that `refNameOf` has given. */
export function rawRefName(name: string): string {
  return bytesOfText(name);
}

/** Whether git takes it for a ref below refs/ (git-check-ref-format(1)); of a raw name. */
export function isRefName(raw: string): boolean {
  if (!raw.startsWith('refs/')) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\/$|\.$/.test(raw)) return false;
  return raw.split('/').every(part => !part.startsWith('.') && !part.endsWith('.lock'));
}
