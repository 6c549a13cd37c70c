/**
 * Time as an argument: everything that asks what time it is, or waits, takes a `Clock`, so that tests can
 * make eight hours pass at once.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump when the machine's clock is set. */
  nowMs(): number;
  /** Milliseconds on a clock that never jumps; only differences mean something. */
  monotonicMs(): number;
  /** Resolves after `ms`. Rejects with the signal's reason once `signal` aborts; leaves no timer behind. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls `callback` once after `ms`; the returned function cancels it and may be called at any time, repeatedly. With
   * `isIdle`, nobody waits for it: the process may end before, and it is never called then.
   */
  timer(ms: number, callback: () => void, isIdle?: boolean): () => void;
}

/** setTimeout fires at once for longer waits than this (Node's documented limit), so they are waited in slices. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

function systemTimer(ms: number, callback: () => void, isIdle = false): () => void {
  let handle: NodeJS.Timeout;
  const arm = (restMs: number): void => {
    const sliceMs = Math.min(Math.max(0, restMs), LONGEST_TIMER_MS);
    handle = setTimeout(() => (restMs > sliceMs ? arm(restMs - sliceMs) : callback()), sliceMs);
    if (isIdle) handle.unref();
  };
  arm(ms);
  return () => clearTimeout(handle);
}

/** Builds `sleep` from `timer`, the same for the system's clock and a test's. */
export function sleepWith(clock: Pick<Clock, 'timer'>, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.timer(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  timer: systemTimer,
  sleep: (ms, signal) => sleepWith(systemClock, ms, signal),
};
