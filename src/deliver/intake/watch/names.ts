import { isUtf8 } from 'node:buffer';
import { readdirSync } from 'node:fs';

/**
 * File names are bytes; object keys and every path in sluice are Unicode text. A name that is not UTF-8
 * cannot be delivered as itself, so it is reported as trouble. Inside the watch such a name is a NUL (which no
 * real name holds) and then the name with the other bytes shown as `\xNN`, so that it clashes with no other.
 */
const UNSPEAKABLE = '\0';

/** Whether a name as `decodeName` and `readNames` give it stands for bytes that are not UTF-8. */
export function isUnspeakable(name: string): boolean {
  return name.startsWith(UNSPEAKABLE);
}

/** The name for people. */
export function shownName(name: string): string {
  return isUnspeakable(name) ? name.slice(1) : name;
}

/** The text of a file name's bytes. */
export function decodeName(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString('utf8');
  return UNSPEAKABLE + buffer.toString('latin1').replace(/[^ -~]/g, escapeByte);
}

function escapeByte(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/**
 * The names in a directory, in order: what follows on each other there is sent, and proven by a page of the bucket's
 * listing, together. Throws what readdir throws.
 */
export function readNames(directory: string): string[] {
  const names = readdirSync(directory).sort();
  // Node puts U+FFFD where bytes are not UTF-8; only then is the slower, exact listing needed.
  if (!names.some(name => name.includes('\ufffd'))) return names;
  return readdirSync(directory, { encoding: 'buffer' }).map(decodeName).sort();
}
