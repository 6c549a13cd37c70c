import type { FileChurn } from '../../../keep/store/churn.ts';
import type { ObjectId } from '../../../keep/store/types.ts';

/** Hears what `NumstatParser` reads, in the order in which git wrote it. */
export interface NumstatEvents {
  /** A commit's files are all known. Called for each commit that git could read, for merges without files. */
  commit(hash: ObjectId, files: readonly FileChurn[]): void;
  /** All that was asked for before the mark has been answered. */
  mark(): void;
}

/** A line that no object has for a name: git copies it to its output, and writes out all that it holds back. */
export const MARK = 'end\n';

const TAB = '\t';
const DIGITS_OF_HASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * Reads what `git diff-tree --stdin -r -z --numstat --always` writes: a commit's hash, then for each file
 * `added TAB removed TAB path`, or for a renamed one an empty path followed by the old and the new one, all ended
 * by NUL (git-diff-tree(1), "--numstat" and "-z"); between them copies of `MARK`.
 */
export class NumstatParser {
  readonly #events: NumstatEvents;
  #rest: Buffer = Buffer.alloc(0);
  #hash: ObjectId | undefined;
  #files: FileChurn[] = [];
  /** A rename whose paths have not come yet. */
  #renamed: { readonly counts: string; readonly paths: 1 | 2 } | undefined;

  constructor(events: NumstatEvents) {
    this.#events = events;
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    // One byte a character; paths with others are decoded again.
    const text = bytes.toString('latin1');
    let start = 0;
    for (;;) {
      if (this.#renamed === undefined && text.startsWith(MARK, start)) {
        this.#endCommit();
        this.#events.mark();
        start += MARK.length;
        continue;
      }
      const end = text.indexOf('\0', start);
      if (end < 0) break;
      this.#take(text.slice(start, end));
      start = end + 1;
    }
    this.#rest = bytes.subarray(start);
  }

  #take(token: string): void {
    if (this.#renamed) {
      const { counts, paths } = this.#renamed;
      this.#renamed = paths === 2 ? { counts, paths: 1 } : undefined;
      if (paths === 1) this.#addFile(counts, token);
      return;
    }
    const first = token.indexOf(TAB);
    if (first < 0) {
      this.#endCommit();
      if (!DIGITS_OF_HASH.test(token)) throw new Error(`git diff-tree wrote "${token.slice(0, 80)}"`);
      this.#hash = token;
      return;
    }
    const second = token.indexOf(TAB, first + 1);
    const path = token.slice(second + 1);
    const counts = token.slice(0, second);
    if (path === '') this.#renamed = { counts, paths: 2 };
    else this.#addFile(counts, path);
  }

  #addFile(counts: string, path: string): void {
    const tab = counts.indexOf(TAB);
    const [added, removed] = [lines(counts.slice(0, tab)), lines(counts.slice(tab + 1))];
    this.#files.push({ path: storedPath(path), added, removed });
  }

  #endCommit(): void {
    if (this.#hash !== undefined) this.#events.commit(this.#hash, this.#files);
    this.#hash = undefined;
    this.#files = [];
  }
}

function lines(digits: string): number | null {
  return digits === '-' ? null : Number(digits);
}

/**
 * The path as it is stored: as text where it is UTF-8, else quoted as git does it (git-config(1), core.quotePath),
 * so that no two paths become one. Quoted ones begin with `"`, and so does every path that begins with one.
 * @param latin1 bytes as latin1
 */
export function storedPath(latin1: string): string {
  const plain = !/[\x80-\xff]/.test(latin1);
  if (plain && latin1[0] !== '"') return copyOf(latin1);
  const bytes = Buffer.from(latin1, 'latin1');
  const text = bytes.toString('utf8');
  if (text[0] !== '"' && Buffer.from(text, 'utf8').equals(bytes)) return text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is quoted
  return `"${latin1.replace(/[\x00-\x1f\x7f-\xff"\\]/g, quoteCharacter)}"`;
}

/** A slice keeps the whole chunk that it was cut from in memory. */
function copyOf(slice: string): string {
  return Buffer.from(slice, 'latin1').toString('latin1');
}

function quoteCharacter(character: string): string {
  const named = '\x07a\bb\tt\nn\x0bv\ff\rr""\\\\';
  const at = named.indexOf(character);
  if (at >= 0 && at % 2 === 0) return `\\${named[at + 1]}`;
  return `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`;
}
