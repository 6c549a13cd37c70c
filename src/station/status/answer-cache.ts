import type { Clock } from '../../base/clock.ts';

/** The share of the time that answering may take: an answer that took 300 ms is given again for 15 s. */
const SHARE = 1 / 50;

/**
 * What `ask` answers, asked anew only once the last answer is fifty times as old as it took to find: for questions that
 * go through much where there is much, and that pages ask every two seconds. Who asks meanwhile gets the last answer,
 * or waits for the one under way. An error goes to those who wait for it and is not kept.
 * @param leastFreshMs an answer is given again for this long, however little time it took
 */
export function cacheAnswer<T>(
  ask: () => Promise<T>,
  clock: Pick<Clock, 'monotonicMs'>,
  leastFreshMs = 0,
): () => Promise<T> {
  let last: { readonly answer: Promise<T>; freshUntilMs: number } | undefined;
  return () => {
    const startMs = clock.monotonicMs();
    if (last && startMs < last.freshUntilMs) return last.answer;
    const current = { answer: ask(), freshUntilMs: Number.POSITIVE_INFINITY };
    last = current;
    current.answer.then(
      () => {
        const endMs = clock.monotonicMs();
        current.freshUntilMs = endMs + Math.max((endMs - startMs) / SHARE, leastFreshMs);
      },
      () => {
        if (last === current) last = undefined;
      },
    );
    return current.answer;
  };
}
