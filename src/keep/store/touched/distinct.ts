/** Which of many ids have been seen: a bit each, since a `Set` takes seven times as long for millions of neighbours. */

/** Of ids further apart than this a set is made, so that a few of them never take much memory. */
const MOST_BITS = 2 ** 30;

/** 1 at each index at which an id comes for the first time, 0 at the others. Pure. */
export function firstOccurrences(ids: readonly number[]): Uint8Array {
  const isFirst = new Uint8Array(ids.length);
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const id of ids) {
    if (id < least) least = id;
    if (id > most) most = id;
  }
  if (most - least >= MOST_BITS) {
    const seen = new Set<number>();
    for (const [index, id] of ids.entries()) {
      isFirst[index] = seen.has(id) ? 0 : 1;
      seen.add(id);
    }
    return isFirst;
  }
  const seen = new Uint8Array(ids.length === 0 ? 0 : ((most - least) >> 3) + 1);
  for (let index = 0; index < ids.length; index += 1) {
    const at = (ids[index] as number) - least;
    const [byte, bit] = [at >> 3, 1 << (at & 7)];
    if (((seen[byte] as number) & bit) !== 0) continue;
    seen[byte] = (seen[byte] as number) | bit;
    isFirst[index] = 1;
  }
  return isFirst;
}

/** Each id once, in ascending order: so that a database reads its rows one after the other. Pure. */
export function distinct(ids: readonly number[]): number[] {
  const isFirst = firstOccurrences(ids);
  return [...Float64Array.from(ids.filter((_, index) => isFirst[index] === 1)).sort()];
}
