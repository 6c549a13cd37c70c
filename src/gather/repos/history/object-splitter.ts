import { SluiceError } from '../../../base/errors.ts';

/** Of an object larger than the two together, the middle is dropped as it streams by. */
const MAX_HEAD_BYTES = 512 * 1024;
const MAX_TAIL_BYTES = 128 * 1024;
/** What git puts before an object: two ids of 64 digits, a type and a size at the most fit in. */
const LONGEST_HEADING = 128;
const NEWLINE = 10;
const ZERO = 48;

/**
 * Called with each object: its id, and where in `text` (latin1) its contents start and end; like git, at the first NUL.
 */
export type ObjectReader = (text: string, id: string, start: number, end: number) => void;

/**
 * Cuts what `git cat-file --batch` writes into objects: a line `<id> <type> <size>`, as many bytes, and a newline.
 * What is kept of an object is bounded, so that a commit message of 300 MB costs neither memory nor more than one
 * reading of each byte.
 *
 *   between ──whole objects in a chunk──▶ between
 *      │ the chunk ends within a heading or an object
 *      ▼
 *   within ──its end comes──▶ between
 */
export class ObjectSplitter {
  readonly #onObject: ObjectReader;
  /**
   * The object that has not ended yet, heading included: its beginning, and once that is full, the latest of the rest.
   */
  #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  /** Bytes of it still to come; undefined while its heading is not complete. */
  #missing: number | undefined;

  constructor(onObject: ObjectReader) {
    this.#onObject = onObject;
  }

  get incomplete(): boolean {
    return this.#headBytes > 0;
  }

  /** Hands on the objects that end in this chunk. Throws `repository_corrupt` for one that git has not. */
  push(chunk: Buffer): void {
    let at = this.incomplete ? this.#continueObject(chunk) : 0;
    const from = at;
    const headings: number[] = [];
    while (at < chunk.length) {
      const end = endOfObject(chunk, at);
      if (end === undefined || end > chunk.length) break;
      headings.push(at);
      at = end;
    }
    if (headings.length > 0) {
      const text = chunk.toString('latin1', from, at);
      headings.push(at);
      let nul = chunk.indexOf(0, from);
      for (let index = 0; index + 1 < headings.length; index += 1) {
        const heading = headings[index] as number;
        const end = (headings[index + 1] as number) - 1;
        if (nul >= 0 && nul < heading) nul = chunk.indexOf(0, heading);
        this.#emitObject(text, heading - from, (nul < 0 ? end : Math.min(nul, end)) - from);
      }
    }
    if (at < chunk.length) {
      const end = endOfObject(chunk, at);
      this.#missing = end === undefined ? undefined : end - chunk.length;
      this.#keep(chunk.subarray(at));
    }
  }

  /** Adds to the object that began before. @returns where the next one starts in the chunk */
  #continueObject(chunk: Buffer): number {
    if (this.#missing === undefined) {
      // Rare: the heading itself was cut. What was kept of it is some bytes.
      const kept = this.#headBytes;
      const heading = Buffer.concat([...this.#head, chunk.subarray(0, LONGEST_HEADING)]);
      const end = endOfObject(heading, 0);
      if (end === undefined) {
        this.#keep(chunk);
        return chunk.length;
      }
      this.#missing = end - kept;
    }
    const length = Math.min(this.#missing, chunk.length);
    this.#missing -= length;
    this.#keep(chunk.subarray(0, length));
    if (this.#missing > 0) return length;
    const tail = Buffer.concat(this.#tail);
    const text = Buffer.concat([
      ...this.#head,
      tail.subarray(Math.max(0, tail.length - MAX_TAIL_BYTES)),
    ]).toString('latin1');
    this.#head = [];
    this.#tail = [];
    this.#headBytes = 0;
    this.#tailBytes = 0;
    this.#missing = undefined;
    const nul = text.indexOf('\0');
    this.#emitObject(text, 0, nul < 0 ? text.length - 1 : nul);
    return length;
  }

  #emitObject(text: string, heading: number, end: number): void {
    const id = text.slice(heading, text.indexOf(' ', heading));
    this.#onObject(text, id, text.indexOf('\n', heading) + 1, end);
  }

  /** The buffer that a chunk lies in may be filled again: what is kept is a copy. */
  #keep(piece: Buffer): void {
    if (this.#headBytes < MAX_HEAD_BYTES) {
      this.#head.push(Buffer.from(piece));
      this.#headBytes += piece.length;
      return;
    }
    this.#tail.push(Buffer.from(piece));
    this.#tailBytes += piece.length;
    while (this.#tailBytes - (this.#tail[0]?.length ?? 0) >= MAX_TAIL_BYTES) {
      this.#tailBytes -= this.#tail.shift()?.length ?? 0;
    }
  }
}

/** Where the object whose heading starts at `start` ends, newline included; undefined while the heading is cut. */
function endOfObject(bytes: Buffer, start: number): number | undefined {
  const line = bytes.indexOf(NEWLINE, start);
  if (line < 0) return undefined;
  let size = 0;
  let unit = 1;
  let at = line - 1;
  for (; at > start; at -= 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) break;
    size += digit * unit;
    unit *= 10;
  }
  if (unit === 1) {
    throw new SluiceError('repository_corrupt', `object ${bytes.toString('latin1', start, line)}`);
  }
  return line + 1 + size + 1;
}
