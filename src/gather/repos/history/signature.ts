import { textOfBytes } from '../../../base/byte-text.ts';
import type { PersonIdentity } from '../../../keep/store/types.ts';

/** What an `author` or `committer` line says. */
export interface Signature {
  readonly person: PersonIdentity;
  /** Seconds since the epoch, clamped to years 1970–9999; 0 when there is no date that git could read. */
  readonly at: number;
  /** Minutes east of UTC, clamped to ± one day. */
  readonly zone: number;
}

/** The last second of the year 9999. */
const LATEST_SECOND = 253_402_300_799;
const LONGEST_ZONE_MINUTES = 1440;
/** Distinct people that are held at hand; a history with more starts the table afresh. */
const MAX_INTERNED = 65_536;
const NOBODY: PersonIdentity = { name: '', email: '' };

const SPACE = 32;
const PLUS = 43;
const MINUS = 45;
const ZERO = 48;

/**
 * Gives the same object for the same `Name <email>`, so that who wrote a commit costs one read of a map.
 * Keys and values are copies: a slice would keep the whole chunk that it was cut from in memory.
 */
export class PersonIdentities {
  readonly #known = new Map<string, PersonIdentity>();

  /** @param latin1 the text between the keyword and the date, bytes as latin1 */
  intern(latin1: string): PersonIdentity {
    const known = this.#known.get(latin1);
    if (known) return known;
    const identity = parsePersonIdentity(latin1);
    // By their bytes people are known: two must not become one because neither is UTF-8.
    const person = { name: textOfBytes(identity.name), email: textOfBytes(identity.email) };
    if (this.#known.size >= MAX_INTERNED) this.#known.clear();
    this.#known.set(Buffer.from(latin1, 'latin1').toString('latin1'), person);
    return person;
  }
}

/** Splits `Name <email>` as git's split_ident_line does: first `<`, first `>` after it, spaces before `<` dropped. */
export function parsePersonIdentity(text: string): PersonIdentity {
  const open = text.indexOf('<');
  const close = open < 0 ? -1 : text.indexOf('>', open);
  if (close < 0) return NOBODY;
  let end = open;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end -= 1;
  // Concatenation would keep `text` alive through slices; it is a copy of this identity only.
  return { name: text.slice(0, end), email: text.slice(open + 1, close) };
}

/** The date after the last `>` of a line that ends at `end`: where it starts, for `secondsAt` and `zoneAt`. */
export function dateStart(text: string, afterBracket: number, end: number): number {
  let at = afterBracket;
  while (at < end && isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

/** Reads decimal digits from `at`; more than fit are clamped (2^64 occurs in the wild). */
export function secondsAt(text: string, at: number, end: number): number {
  let seconds = 0;
  for (let index = at; index < end; index += 1) {
    const digit = text.charCodeAt(index) - ZERO;
    if (digit < 0 || digit > 9) break;
    seconds = seconds * 10 + digit;
  }
  return Math.min(seconds, LATEST_SECOND);
}

/** Reads `+hhmm` after the digits that start at `at`; 0 when there is none. */
export function zoneAt(text: string, at: number, end: number): number {
  let index = at;
  while (index < end && isDigit(text.charCodeAt(index))) index += 1;
  if (index === at) return 0;
  while (index < end && isSpace(text.charCodeAt(index))) index += 1;
  const sign = text.charCodeAt(index);
  if (index >= end || (sign !== PLUS && sign !== MINUS)) return 0;
  let digits = 0;
  for (index += 1; index < end && isDigit(text.charCodeAt(index)); index += 1) {
    digits = Math.min(digits * 10 + text.charCodeAt(index) - ZERO, 999_999);
  }
  const minutes = Math.min(Math.trunc(digits / 100) * 60 + (digits % 100), LONGEST_ZONE_MINUTES);
  return sign === MINUS && minutes !== 0 ? -minutes : minutes;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9;
}

/** git's own idea of white space: space, tab, newline, carriage return. */
export function isSpace(code: number): boolean {
  return code === SPACE || code === 9 || code === 10 || code === 13;
}
