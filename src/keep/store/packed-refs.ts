import type { ObjectId, RefSnapshot } from './types.ts';

/** Room to begin with; it doubles as refs come. */
const FIRST_REFS = 64;
const BYTES_A_REF = 64;

/**
 * A snapshot of refs in three buffers, sorted by the bytes of their names. Of a hundred thousand there is nothing for
 * the garbage collector to follow, where those of a `Map` make its young generation grow to several times their size.
 * Ids are hexadecimal digits, two of them in a byte. Made once, never changed.
 */
export class PackedRefs implements ReadonlyMap<string, ObjectId> {
  readonly size: number;
  /** Of each ref its name (UTF-8), then the bytes of its id. */
  readonly #bytes: Buffer;
  /** Where each ref begins, and where the last one ends. */
  readonly #starts: Uint32Array;
  readonly #nameEnds: Uint32Array;

  private constructor(bytes: Buffer, starts: Uint32Array, nameEnds: Uint32Array) {
    this.#bytes = bytes;
    this.#starts = starts;
    this.#nameEnds = nameEnds;
    this.size = nameEnds.length;
  }

  /** Of a name that comes more than once the last id counts, as with a `Map`. */
  static from(refs: Iterable<readonly [string, ObjectId]>): PackedRefs {
    const builder = new PackedRefsBuilder();
    for (const [name, id] of refs) builder.add(name, id);
    return builder.take();
  }

  /** Of buffers as they are described above, in whatever order. */
  static of(bytes: Buffer, starts: Uint32Array, nameEnds: Uint32Array): PackedRefs {
    const refs = new PackedRefs(bytes, starts, nameEnds);
    for (let index = 1; index < refs.size; index += 1)
      if (refs.#compareNames(index - 1, index) >= 0) return refs.#sorted();
    return refs;
  }

  get(name: string): ObjectId | undefined {
    const index = this.#find(name);
    return index === undefined ? undefined : this.#id(index);
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  forEach(
    callback: (id: ObjectId, name: string, refs: ReadonlyMap<string, ObjectId>) => void,
    thisArg?: unknown,
  ): void {
    for (const [name, id] of this) callback.call(thisArg, id, name, this);
  }

  *entries(): Generator<[string, ObjectId], undefined> {
    for (let index = 0; index < this.size; index += 1) yield [this.#name(index), this.#id(index)];
  }

  *keys(): Generator<string, undefined> {
    for (let index = 0; index < this.size; index += 1) yield this.#name(index);
  }

  *values(): Generator<ObjectId, undefined> {
    for (let index = 0; index < this.size; index += 1) yield this.#id(index);
  }

  [Symbol.iterator](): Generator<[string, ObjectId], undefined> {
    return this.entries();
  }

  /** Whether both are the same names with the same ids. */
  equals(other: PackedRefs): boolean {
    return (
      this.size === other.size &&
      this.#bytes.equals(other.#bytes) &&
      this.#starts.every((start, index) => start === other.#starts[index]) &&
      this.#nameEnds.every((end, index) => end === other.#nameEnds[index])
    );
  }

  #sorted(): PackedRefs {
    const order = Uint32Array.from({ length: this.size }, (_, index) => index).sort(
      (one, other) => this.#compareNames(one, other) || one - other,
    );
    const isLast = (_: number, at: number): boolean => {
      const next = order[at + 1];
      return next === undefined || this.#compareNames(order[at] as number, next) !== 0;
    };
    const entries = order.values().filter(isLast);
    return PackedRefs.from(entries.map(index => [this.#name(index), this.#id(index)] as const));
  }

  #compareNames(one: number, other: number): number {
    const [start, end] = [this.#starts[one], this.#nameEnds[one]];
    return this.#bytes.compare(this.#bytes, this.#starts[other], this.#nameEnds[other], start, end);
  }

  #find(name: string): number | undefined {
    const wanted = Buffer.from(name);
    let low = 0;
    let high = this.size - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const compared = wanted.compare(this.#bytes, this.#starts[middle], this.#nameEnds[middle]);
      if (compared === 0) return middle;
      if (compared > 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  #name(index: number): string {
    return this.#bytes.toString('utf8', this.#starts[index], this.#nameEnds[index]);
  }

  #id(index: number): ObjectId {
    return this.#bytes.toString('hex', this.#nameEnds[index], this.#starts[index + 1]);
  }
}

/** Packs refs as they come. */
export class PackedRefsBuilder {
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_REFS * BYTES_A_REF);
  #starts = new Uint32Array(FIRST_REFS);
  #nameEnds = new Uint32Array(FIRST_REFS);
  #size = 0;

  /** Throws `RangeError` for an id that is no pairs of hexadecimal digits. */
  add(name: string, id: ObjectId): void {
    if (this.#size + 1 === this.#starts.length) {
      this.#starts = doubled(this.#starts);
      this.#nameEnds = doubled(this.#nameEnds);
    }
    const start = this.#starts[this.#size] as number;
    // A character is three bytes of UTF-8 at the most.
    const needed = start + name.length * 3 + id.length / 2;
    if (needed > this.#bytes.length) this.#bytes = grown(this.#bytes, needed);
    const nameEnd = start + this.#bytes.write(name, start);
    this.#nameEnds[this.#size] = nameEnd;
    this.#size += 1;
    const idBytes = this.#bytes.write(id, nameEnd, 'hex');
    if (idBytes * 2 !== id.length) throw new RangeError(`${JSON.stringify(id)} is no id of an object`);
    this.#starts[this.#size] = nameEnd + idBytes;
  }

  /** What was added; nothing may be added any more. Of a name that came more than once the last id counts. */
  take(): PackedRefs {
    // Copies: what was doubled last may be half empty, and a snapshot is kept for long.
    return PackedRefs.of(
      Buffer.from(this.#bytes.subarray(0, this.#starts[this.#size])),
      this.#starts.slice(0, this.#size + 1),
      this.#nameEnds.slice(0, this.#size),
    );
  }
}

/** Whether both are the same names with the same ids. */
export function sameRefs(one: RefSnapshot, other: RefSnapshot): boolean {
  if (one instanceof PackedRefs && other instanceof PackedRefs) return one.equals(other);
  if (one.size !== other.size) return false;
  for (const [name, tip] of one) if (other.get(name) !== tip) return false;
  return true;
}

function grown(bytes: Buffer, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, bytes.length * 2));
  bytes.copy(larger);
  return larger;
}

function doubled(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}
