import { PackedRefs } from '../../../keep/store/packed-refs.ts';
import type { ObjectId } from '../../../keep/store/types.ts';

/** Object ids, each once, in ascending order, packed as `PackedRefs` are. Never changed. */
export class IdSet implements Iterable<ObjectId> {
  static readonly none = IdSet.of([]);
  readonly #ids: PackedRefs;

  private constructor(ids: PackedRefs) {
    this.#ids = ids;
  }

  static of(ids: Iterable<ObjectId>): IdSet {
    return new IdSet(PackedRefs.from(asNames(ids)));
  }

  get size(): number {
    return this.#ids.size;
  }

  [Symbol.iterator](): Generator<ObjectId, undefined> {
    return this.#ids.keys();
  }

  /** Those that `other` has not. */
  difference(other: IdSet): IdSet {
    if (this.size === 0 || other.size === 0) return this;
    return IdSet.of(less(this, other));
  }
}

function* asNames(ids: Iterable<ObjectId>): Generator<[string, ObjectId]> {
  for (const id of ids) yield [id, ''];
}

/** Both are in ascending order. */
function* less(ids: Iterable<ObjectId>, others: IdSet): Generator<ObjectId> {
  const rest = others[Symbol.iterator]();
  let other = rest.next();
  for (const id of ids) {
    while (!other.done && other.value < id) other = rest.next();
    if (other.done || other.value !== id) yield id;
  }
}
