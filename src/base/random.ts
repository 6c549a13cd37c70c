/** A source of numbers in [0, 1); an argument wherever jitter is wanted, so that tests can repeat it. */
export type Random = () => number;

/** The runtime's own generator. */
export const systemRandom: Random = () => Math.random();

/** A repeatable generator (mulberry32): the same seed yields the same numbers. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
