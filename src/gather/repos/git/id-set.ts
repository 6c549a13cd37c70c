import type { ObjectId } from '../../../keep/store/types.ts';

/** Bytes of an id of SHA-1 and of SHA-256. */
const WIDTHS: readonly number[] = [20, 32];
/** Room to begin with; it doubles as ids come. */
const FIRST_IDS = 64;

/** Whether it is an object's id as git writes it. */
export function isObjectId(text: string): text is ObjectId {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/** Ids of one width, in ascending order, each once. */
class SortedIds implements Iterable<ObjectId> {
  readonly #bytes: Buffer;
  readonly #width: number;

  constructor(bytes: Buffer, width: number) {
    this.#bytes = bytes;
    this.#width = width;
  }

  get size(): number {
    return this.#bytes.length / this.#width;
  }

  *[Symbol.iterator](): Generator<ObjectId, undefined> {
    for (let at = 0; at < this.#bytes.length; at += this.#width)
      yield this.#bytes.toString('hex', at, at + this.#width);
  }

  has(id: Buffer): boolean {
    let low = 0;
    let high = this.size - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const start = middle * this.#width;
      const order = id.compare(this.#bytes, start, start + this.#width);
      if (order === 0) return true;
      if (order > 0) low = middle + 1;
      else high = middle - 1;
    }
    return false;
  }

  less(other: SortedIds): SortedIds {
    const width = this.#width;
    const left = Buffer.allocUnsafeSlow(this.#bytes.length);
    let length = 0;
    let otherAt = 0;
    for (let at = 0; at < this.#bytes.length; at += width) {
      let order = -1;
      for (; otherAt < other.#bytes.length; otherAt += width) {
        order = this.#bytes.compare(other.#bytes, otherAt, otherAt + width, at, at + width);
        if (order <= 0) break;
      }
      if (otherAt < other.#bytes.length && order === 0) continue;
      length += this.#bytes.copy(left, length, at, at + width);
    }
    return new SortedIds(Buffer.from(left.subarray(0, length)), width);
  }
}

/** Ids of one width as they come. */
class Collected {
  readonly width: number;
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor(width: number) {
    this.width = width;
  }

  /** @returns false for what is not hexadecimal */
  add(id: ObjectId): boolean {
    if (this.#length + this.width > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, FIRST_IDS * this.width));
      this.#bytes.copy(larger);
      this.#bytes = larger;
    }
    const written = this.#bytes.write(id, this.#length, 'hex');
    this.#length += written;
    return written === this.width;
  }

  take(): SortedIds {
    const { width } = this;
    const bytes = this.#bytes;
    const compare = (one: number, other: number): number =>
      bytes.compare(bytes, other, other + width, one, one + width);
    const starts = Uint32Array.from({ length: this.#length / width }, (_, index) => index * width);
    starts.sort(compare);
    const sorted = Buffer.allocUnsafeSlow(this.#length);
    let length = 0;
    let before: number | undefined;
    for (const start of starts) {
      if (before === undefined || compare(before, start) !== 0)
        length += bytes.copy(sorted, length, start, start + width);
      before = start;
    }
    return new SortedIds(length === sorted.length ? sorted : Buffer.from(sorted.subarray(0, length)), width);
  }
}

/**
 * Object ids, each once, as their bytes one after the other: those of SHA-1 first, each kind in ascending order. A
 * hundred thousand of them are two megabytes, and nothing for the garbage collector to follow. Never changed.
 */
export class IdSet implements Iterable<ObjectId> {
  static readonly none = IdSet.of([]);
  readonly #ids: readonly SortedIds[];

  private constructor(ids: readonly SortedIds[]) {
    this.#ids = ids;
  }

  /** Throws `RangeError` for what is no id. */
  static of(ids: Iterable<ObjectId>): IdSet {
    const collected = WIDTHS.map(width => new Collected(width));
    for (const id of ids) {
      const those = collected.find(({ width }) => width * 2 === id.length);
      if (!those?.add(id)) throw new RangeError(`${JSON.stringify(id)} is no id of an object`);
    }
    return new IdSet(collected.map(those => those.take()));
  }

  get size(): number {
    return this.#ids.reduce((sum, { size }) => sum + size, 0);
  }

  *[Symbol.iterator](): Generator<ObjectId, undefined> {
    for (const ids of this.#ids) yield* ids;
  }

  has(id: ObjectId): boolean {
    const bytes = Buffer.from(id, 'hex');
    return this.#ids[WIDTHS.indexOf(bytes.length)]?.has(bytes) ?? false;
  }

  /** Those that `other` has not. */
  difference(other: IdSet): IdSet {
    if (this.size === 0 || other.size === 0) return this;
    return new IdSet(this.#ids.map((ids, at) => ids.less(other.#ids[at] as SortedIds)));
  }
}
