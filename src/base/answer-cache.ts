import type { Clock } from './clock.ts';

/** The share of the time that answering may take: an answer that took 300 ms is given again for 15 s. */
const SHARE = 1 / 50;

/** An answer that took less is found anew each time: nobody waits for it, and nobody sees an old one. */
const WORTH_KEEPING_MS = 5;

/**
 * What `ask` answers, asked anew only once the last answer is fifty times as old as it took to find: for questions that
 * go through much where there is much, and that pages ask every two seconds. Who asks meanwhile gets the last answer,
 * or waits for the one under way. An error goes to those who wait for it and is not kept.
 * @param leastFreshMs an answer is given again for this long, however little time it took
 * @param changes counts what makes an answer another one at once, such as what people did
 */
export function cacheAnswer<T>(
  ask: () => Promise<T>,
  clock: Pick<Clock, 'monotonicMs'>,
  leastFreshMs = 0,
  changes: () => number = () => 0,
): () => Promise<T> {
  let last: { readonly answer: Promise<T>; readonly change: number; freshUntilMs: number } | undefined;
  return () => {
    const startMs = clock.monotonicMs();
    const change = changes();
    if (last && startMs < last.freshUntilMs && change === last.change) return last.answer;
    const current = { answer: ask(), change, freshUntilMs: Number.POSITIVE_INFINITY };
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

/**
 * As `cacheAnswer`, of a question by key that is answered at once; only answers that took long are kept. An error is not
 * kept.
 */
export function keepAnswers<T>(
  ask: (key: string) => T,
  clock: Pick<Clock, 'monotonicMs'>,
): (key: string) => T {
  const kept = new Map<string, { readonly answer: T; readonly freshUntilMs: number }>();
  return key => {
    const startMs = clock.monotonicMs();
    const last = kept.get(key);
    if (last && startMs < last.freshUntilMs) return last.answer;
    kept.delete(key);
    const answer = ask(key);
    const endMs = clock.monotonicMs();
    const tookMs = endMs - startMs;
    if (tookMs >= WORTH_KEEPING_MS) kept.set(key, { answer, freshUntilMs: endMs + tookMs / SHARE });
    return answer;
  };
}
