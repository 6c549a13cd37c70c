import type { CommitRow, ObjectId } from '../../../keep/store/types.ts';
import { recodeAsUtf8 } from './encoding.ts';
import { lineEnd, parseMessage } from './message.ts';
import { ObjectSplitter } from './object-splitter.ts';
import { dateStart, PersonIdentities, type Signature, secondsAt, zoneAt } from './signature.ts';

const NEWLINE = 10;
const SPACE = 32;
const LETTER_A = 97;
const LETTER_C = 99;
const LETTER_E = 101;
const LETTER_G = 103;
const LETTER_P = 112;
const NO_PARENTS: readonly ObjectId[] = [];

/**
 * Reads commits as `git cat-file --batch` writes them. Chunks are decoded as latin1, one byte a character, which V8
 * searches and slices fastest; the few fields that hold other bytes are decoded again as UTF-8.
 */
export class CommitParser {
  readonly #identities = new PersonIdentities();
  readonly #splitter: ObjectSplitter;

  /** @param onCommit called with every commit, in order */
  constructor(onCommit: (commit: CommitRow) => void) {
    this.#splitter = new ObjectSplitter((text, id, start, end) =>
      onCommit(this.#parse(text, id, start, end, true)),
    );
  }

  /** Hands on the commits that end in this chunk. Throws `repository_corrupt` for one that git has not. */
  push(chunk: Buffer): void {
    this.#splitter.push(chunk);
  }

  /** Whether the output ended in the middle of a commit. */
  get incomplete(): boolean {
    return this.#splitter.incomplete;
  }

  /** @param asWritten not brought to UTF-8 yet */
  #parse(text: string, hash: string, start: number, end: number, asWritten: boolean): CommitRow {
    let line = 0;
    // The tree.
    let at = lineEnd(text, start, end) + 1;
    // Like git, only what directly follows the tree is a parent.
    let parents = NO_PARENTS;
    for (; text.charCodeAt(at) === LETTER_P && text.startsWith('parent ', at); at = line + 1) {
      line = lineEnd(text, at, end);
      const parent = text.slice(at + 7, line);
      parents = parents === NO_PARENTS ? [parent] : [...parents, parent];
    }
    let author = -1;
    let committer = -1;
    let signed = false;
    let encoding: string | undefined;
    // Continuation lines (signatures, merged tags) begin with a space. Of a repeated header git takes the last.
    for (; at < end && text.charCodeAt(at) !== NEWLINE; at = line + 1) {
      line = lineEnd(text, at, end);
      const first = text.charCodeAt(at);
      if (first === SPACE) continue;
      if (first === LETTER_A && text.startsWith('author ', at)) author = at + 7;
      else if (first === LETTER_C && text.startsWith('committer ', at)) committer = at + 10;
      else if (first === LETTER_G && isCryptographicSignature(text, at)) signed = true;
      else if (first === LETTER_E && text.startsWith('encoding ', at)) encoding ??= text.slice(at + 9, line);
    }
    if (encoding !== undefined && asWritten) {
      const utf8 = recodeAsUtf8(text.slice(start, end), encoding);
      if (utf8 !== undefined) return this.#parse(utf8, hash, 0, utf8.length, false);
    }
    const authored = this.#signature(text, author, end);
    const committed = this.#signature(text, committer, end);
    const message = parseMessage(text, Math.min(at + 1, end), end, this.#identities);
    return {
      hash,
      parents,
      author: authored.person,
      authoredAt: authored.at,
      authoredZone: authored.zone,
      committer: committed.person,
      committedAt: committed.at,
      committedZone: committed.zone,
      subject: message.subject,
      message: message.message,
      trailers: message.trailers,
      signed,
      coAuthors: message.coAuthors,
    };
  }

  /** Reads `Name <email> seconds zone` from `start` (−1: there was no such line) to the end of its line. */
  #signature(text: string, start: number, end: number): Signature {
    if (start < 0) return { person: this.#identities.intern(''), at: 0, zone: 0 };
    const line = lineEnd(text, start, end);
    // The date follows the last bracket, wherever the e-mail ended.
    const bracket = text.lastIndexOf('>', line);
    if (bracket < start) return { person: this.#identities.intern(''), at: 0, zone: 0 };
    const date = dateStart(text, bracket + 1, line);
    return {
      person: this.#identities.intern(text.slice(start, bracket + 1)),
      at: secondsAt(text, date, line),
      zone: zoneAt(text, date, line),
    };
  }
}

function isCryptographicSignature(text: string, at: number): boolean {
  return text.startsWith('gpgsig ', at) || text.startsWith('gpgsig-sha256 ', at);
}
