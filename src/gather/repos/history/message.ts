import { readableText } from '../../../base/byte-text.ts';
import type { PersonIdentity } from '../../../keep/store/types.ts';
import { isSpace, type PersonIdentities } from './signature.ts';

const MAX_SUBJECT_CHARS = 1000;
/** UTF-8 takes up to four bytes a character. */
const MAX_SUBJECT_BYTES = 4 * MAX_SUBJECT_CHARS;
const MAX_MESSAGE_CHARS = 65_536;
/** A longer last paragraph is prose, or somebody's joke. */
const MAX_TRAILERS_BYTES = 16_384;
const TRAILER_KEY = /^[A-Za-z0-9-]+$/;
const SIGNED_OFF_BY = /^signed-off-by$/i;
const SPACE = 32;
const CO_AUTHOR = /^co-authored-by[ \t]*:[ \t]*/i;
const NOBODY: readonly PersonIdentity[] = [];

/** What is kept of a message. */
export interface Message {
  /** The first paragraph on one line, as git's `%s` gives it, cut at 1 000 characters. */
  readonly subject: string;
  /** People in `Co-authored-by` lines of the last paragraph, each once. */
  readonly coAuthors: readonly PersonIdentity[];
  /** All of it without the blank lines around, cut at 65 536 characters; undefined where the subject says it all. */
  readonly message: string | undefined;
  /** JSON of pairs of key and value; undefined where there are none. */
  readonly trailers: string | undefined;
}

/** @param text latin1 text; the message is `start` to `end` */
export function parseMessage(
  text: string,
  start: number,
  end: number,
  identities: PersonIdentities,
): Message {
  let at = start;
  let line = lineEnd(text, at, end);
  let to = trimmedEnd(text, at, line);
  let first = start;
  // Blank lines before the first paragraph do not count.
  while (to === at && line < end) {
    at = line + 1;
    line = lineEnd(text, at, end);
    to = trimmedEnd(text, at, line);
    first = at;
  }
  let subject = text.slice(at, to);
  while (line < end) {
    at = line + 1;
    line = lineEnd(text, at, end);
    to = trimmedEnd(text, at, line);
    if (to === at) break;
    if (subject.length < MAX_SUBJECT_BYTES) subject = `${subject} ${text.slice(at, to)}`;
  }
  const last = trimmedEnd(text, first, end);
  const shown = clean(subject);
  // A message of one paragraph has no trailers.
  const hasMore = line < end && line < last;
  const isOneLine = lineEnd(text, first, last) === last;
  return {
    subject: shown,
    coAuthors: line < end ? coAuthorsOf(text, line, end, identities) : NOBODY,
    message: isOneLine && shown.length < MAX_SUBJECT_CHARS ? undefined : whole(text, first, last),
    trailers: hasMore ? trailersOf(text, line, last) : undefined,
  };
}

/** A message from `start` to `end`, cut. */
function whole(text: string, start: number, end: number): string {
  const cut =
    end - start > 4 * MAX_MESSAGE_CHARS
      ? text.slice(start, start + 4 * MAX_MESSAGE_CHARS)
      : text.slice(start, end);
  const message = readableText(cut);
  return message.length > MAX_MESSAGE_CHARS ? message.slice(0, MAX_MESSAGE_CHARS).toWellFormed() : message;
}

/**
 * The trailers of the last paragraph by git's rule: lines `key: value` and nothing else, or with some of git's own at
 * least a quarter of the lines. What begins with white space continues the line before.
 */
function trailersOf(text: string, firstBlank: number, end: number): string | undefined {
  const paragraph = text.lastIndexOf('\n\n', end - 1);
  const start = Math.max(paragraph, firstBlank) + 1;
  if (end - start > MAX_TRAILERS_BYTES) return undefined;
  const found: [string, string][] = [];
  let others = 0;
  let ofGit = false;
  let continues = false;
  for (const line of text.slice(start, end).split('\n')) {
    const isIndented = line.startsWith(' ') || line.startsWith('\t');
    const trailer = isIndented ? undefined : trailerOf(line);
    const before = found.at(-1);
    if (trailer) {
      found.push(trailer);
      ofGit ||= SIGNED_OFF_BY.test(trailer[0]);
    } else if (line.startsWith('(cherry picked from commit ')) ofGit = true;
    else if (isIndented && before && continues) before[1] = `${before[1]} ${line.trim()}`.trim();
    else if (line.trim() !== '') others += 1;
    continues = trailer !== undefined || (continues && isIndented);
  }
  if (found.length === 0 || (others > 0 && (!ofGit || found.length * 3 < others))) return undefined;
  return readableText(JSON.stringify(found));
}

/** A line `key: value`. Its colon is looked for first, since it is what lines of prose lack. */
function trailerOf(line: string): [string, string] | undefined {
  const colon = line.indexOf(':');
  if (colon <= 0) return undefined;
  let end = colon;
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end -= 1;
  const key = line.slice(0, end);
  return TRAILER_KEY.test(key) ? [key, line.slice(colon + 1).trim()] : undefined;
}

/** Where the line from `start` to `end` ends without white space; `start` when it is blank. */
function trimmedEnd(text: string, start: number, end: number): number {
  let to = end;
  while (to > start && isSpace(text.charCodeAt(to - 1))) to -= 1;
  return to;
}

/** Where the line that `start` is in ends: at its newline, or at the record's end. */
export function lineEnd(text: string, start: number, end: number): number {
  const newline = text.indexOf('\n', start);
  return newline < 0 || newline > end ? end : newline;
}

/** @param firstBlank the end of a blank line of the message */
function coAuthorsOf(
  text: string,
  firstBlank: number,
  end: number,
  identities: PersonIdentities,
): readonly PersonIdentity[] {
  let last = end;
  // Blank lines at the end are not a paragraph.
  while (last > firstBlank && text.charCodeAt(last - 1) <= SPACE) last -= 1;
  // Finds the first blank line at the latest, so that it never runs on into what stands before.
  const emptyLine = text.lastIndexOf('\n\n', last - 1);
  let coAuthors: PersonIdentity[] | undefined;
  for (let at = Math.max(emptyLine, firstBlank) + 1; at < last; ) {
    const line = lineEnd(text, at, last);
    const code = text.charCodeAt(at);
    // "c", and "-" after two letters: the test that nearly every line fails at once.
    if ((code | 32) === 99 && text.charCodeAt(at + 2) === 45) {
      const person = coAuthor(text.slice(at, line), identities);
      if (person && !coAuthors?.includes(person)) coAuthors = [...(coAuthors ?? []), person];
    } else if (coAuthors && isSpace(code) && trimmedEnd(text, at, line) === at) {
      // A line of spaces ends a paragraph, too.
      coAuthors = undefined;
    }
    at = line + 1;
  }
  return coAuthors ?? NOBODY;
}

function clean(latin1: string): string {
  const subject = readableText(
    latin1.length > MAX_SUBJECT_BYTES ? latin1.slice(0, MAX_SUBJECT_BYTES) : latin1,
  );
  // A cut may halve a character beyond the basic plane.
  return subject.length > MAX_SUBJECT_CHARS ? subject.slice(0, MAX_SUBJECT_CHARS).toWellFormed() : subject;
}

function coAuthor(line: string, identities: PersonIdentities): PersonIdentity | undefined {
  const keyword = CO_AUTHOR.exec(line);
  const close = line.lastIndexOf('>');
  if (!keyword || close < 0) return undefined;
  const person = identities.intern(line.slice(keyword[0].length, close + 1));
  return person.name === '' && person.email === '' ? undefined : person;
}
