import type { Clock } from '../../../base/clock.ts';

/** Waits for a point in time on the clock that never jumps. */
export interface TickTimer {
  /**
   * Calls `callback` at `atMs` (of `clock.monotonicMs`) or soon after, never before and never within this call.
   * @param fine to the tenth of a millisecond; meant for collectors that come every few milliseconds
   * @returns what cancels it; may be called at any time, repeatedly
   */
  at(atMs: number, fine: boolean, callback: () => void): () => void;
}

/** Timers alone, as exact as the clock's: milliseconds. */
export function coarseTickTimer(clock: Pick<Clock, 'monotonicMs' | 'timer'>): TickTimer {
  return {
    at(atMs, _fine, callback) {
      let cancelTimer = (): void => undefined;
      const arm = (): void => {
        cancelTimer = clock.timer(Math.max(0, atMs - clock.monotonicMs()), () =>
          // A timer may come a fraction of a millisecond early.
          clock.monotonicMs() < atMs ? arm() : callback(),
        );
      };
      arm();
      return () => cancelTimer();
    },
  };
}

/** Timers come up to two milliseconds late; the rest is waited out in the kernel. */
const FINE_WAIT_MS = 2;

/**
 * For a thread that does nothing but capture: the last two milliseconds before a fine point in time block the thread
 * (futex wait, no spinning), since setTimeout counts whole milliseconds and comes one late as often as not.
 * The event loop turns once before each wait, so that everything else in the thread goes on.
 */
export function fineTickTimer(clock: Pick<Clock, 'monotonicMs' | 'timer'>): TickTimer {
  const coarse = coarseTickTimer(clock);
  const cell = new Int32Array(new SharedArrayBuffer(4));
  return {
    at(atMs, fine, callback) {
      if (!fine) return coarse.at(atMs, false, callback);
      let cancelled = false;
      let cancelCoarse = (): void => undefined;
      const wait = (): void => {
        const immediate = setImmediate(() => {
          const restMs = atMs - clock.monotonicMs();
          if (restMs > 0) Atomics.wait(cell, 0, 0, restMs);
          if (!cancelled) callback();
        });
        cancelCoarse = () => clearImmediate(immediate);
      };
      const earlyMs = atMs - FINE_WAIT_MS;
      if (earlyMs - clock.monotonicMs() < 1) wait();
      else cancelCoarse = coarse.at(earlyMs, false, wait);
      return () => {
        cancelled = true;
        cancelCoarse();
      };
    },
  };
}
