import type { Clock } from './clock.ts';

/** Corrections of a clock by less than this are no step that anybody waits through. */
const LEAST_STEP_MS = 5000;

/**
 * Notices that the machine's clock was set back, so that times which were noted under the old one can be moved along:
 * else everything that waits for them would wait longer by the step. A clock that is set forward, or a machine that
 * slept, only ends waits early, and is no matter.
 */
export class ClockWatch {
  readonly #clock: Clock;
  /** The machine's time less the clock that never jumps: falls when the former is set back. */
  #epochMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#epochMs = epochOf(clock);
  }

  /** By how much the clock was set back since the last call; 0: it was not. */
  setBackMs(): number {
    const epochMs = epochOf(this.#clock);
    const stepMs = epochMs - this.#epochMs;
    if (Math.abs(stepMs) < LEAST_STEP_MS) return 0;
    this.#epochMs = epochMs;
    return Math.max(0, -stepMs);
  }
}

function epochOf(clock: Clock): number {
  return clock.nowMs() - clock.monotonicMs();
}
