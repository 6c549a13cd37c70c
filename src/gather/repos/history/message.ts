import type { PersonIdentity } from '../../../keep/store/types.ts';
import { isSpace, type PersonIdentities, utf8FromLatin1 } from './signature.ts';

const MAX_SUBJECT_CHARS = 1000;
/** UTF-8 takes up to four bytes a character. */
const MAX_SUBJECT_BYTES = 4 * MAX_SUBJECT_CHARS;
const SPACE = 32;
const CO_AUTHOR = /^co-authored-by[ \t]*:[ \t]*/i;
const NOBODY: readonly PersonIdentity[] = [];

/** What is kept of a message. */
export interface Message {
  /** The first paragraph on one line, as git's `%s` gives it, cut at 1 000 characters. */
  readonly subject: string;
  /** People in `Co-authored-by` lines of the last paragraph, each once. */
  readonly coAuthors: readonly PersonIdentity[];
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
  // Blank lines before the first paragraph do not count.
  while (to === at && line < end) {
    at = line + 1;
    line = lineEnd(text, at, end);
    to = trimmedEnd(text, at, line);
  }
  let subject = text.slice(at, to);
  while (line < end) {
    at = line + 1;
    line = lineEnd(text, at, end);
    to = trimmedEnd(text, at, line);
    if (to === at) break;
    if (subject.length < MAX_SUBJECT_BYTES) subject = `${subject} ${text.slice(at, to)}`;
  }
  // A message of one paragraph has no trailers.
  const coAuthors = line < end ? coAuthorsOf(text, line, end, identities) : NOBODY;
  return { subject: clean(subject), coAuthors };
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
  const subject = utf8FromLatin1(
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
