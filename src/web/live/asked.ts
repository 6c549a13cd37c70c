// What a part of a page asks of the station, asked anew when it may have changed.
import { useEffect, useRef, useState } from 'preact/hooks';
import { StationProblem } from '../../client/client.ts';
import { connection, onChange, type Topic } from './live.ts';

/** Answers are asked for again after so long at the soonest: things may happen every second. */
const LEAST_MS = 1_000;
/** What failed is asked for again after so long, unless something happens before. */
const AGAIN_MS = 5_000;

export interface Asked<T> {
  /** The last answer; undefined: none yet. It stays while the next is asked for, and when that fails. */
  readonly value: T | undefined;
  /** Why there is no newer answer. Unless that was refused, it is asked for again by itself. */
  readonly error: Error | undefined;
  /** Asks again now. */
  readonly again: () => void;
}

/** Whether the same question may be answered a little later: it was not refused. Pure. */
function mayPass(error: unknown): boolean {
  return !(error instanceof StationProblem) || error.status >= 500;
}

/**
 * An answer of the station, kept fresh while it is shown.
 * @param ask what is asked; aborted when it is no longer wanted
 * @param about what the question depends on: another question begins without an answer
 * @param topics what makes the answer another one; see `onChange`
 */
export function useAsked<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  about: readonly (string | number | boolean | undefined)[],
  topics: readonly Topic[],
): Asked<T> {
  const key = JSON.stringify(about);
  const [answer, setAnswer] = useState<{ key: string; value?: T; error?: Error }>({ key });
  const latest = useRef(ask);
  latest.current = ask;
  const wake = useRef<() => void>(() => undefined);
  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isAsking = false;
    let isWanted = false;
    let askedAtMs = 0;
    const go = async (): Promise<void> => {
      isWanted = false;
      let hasFailed = false;
      isAsking = true;
      askedAtMs = performance.now();
      try {
        const value = await latest.current(ended.signal);
        if (!ended.signal.aborted) setAnswer({ key, value });
      } catch (error) {
        hasFailed = mayPass(error);
        if (!ended.signal.aborted)
          setAnswer(before => ({
            key,
            value: before.key === key ? before.value : undefined,
            error: error instanceof Error ? error : new Error(String(error)),
          }));
      }
      isAsking = false;
      if (isWanted) want(LEAST_MS);
      // Once a station that is away is back, everything is asked for anew.
      else if (hasFailed && connection.value !== 'away') want(AGAIN_MS);
    };
    const want = (leastMs: number): void => {
      isWanted = true;
      if (isAsking || ended.signal.aborted) return;
      clearTimeout(timer);
      timer = setTimeout(() => void go(), Math.max(0, leastMs - (performance.now() - askedAtMs)));
    };
    wake.current = () => want(0);
    void go();
    const off = onChange(topics, () => want(LEAST_MS));
    return () => {
      off();
      clearTimeout(timer);
      ended.abort();
    };
  }, [key]);
  const isSame = answer.key === key;
  return {
    value: isSame ? answer.value : undefined,
    error: isSame ? answer.error : undefined,
    again: () => wake.current(),
  };
}
