import type { Clock } from '../../base/clock.ts';
import { nextProbeOf, type PlaceHold } from '../../engine/place-hold.ts';

export interface ProbeTimetableOptions {
  readonly clock: Clock;
  /** The longest pause between two probes of a place. */
  readonly everyMs: number;
  /** The time of a held place has come. @param key as `placeKey` has it */
  readonly onDue: (key: string) => void;
}

/** The longest wait that one timer covers: the machine may sleep meanwhile. */
const LONGEST_WAIT_MS = 60_000;

/**
 * When held places are probed: one time a place, which comes by the clock that never jumps or by the other one, which
 * goes on while the machine sleeps; whichever is first.
 */
export class ProbeTimetable {
  readonly #options: ProbeTimetableOptions;
  readonly #cancels = new Map<string, () => void>();
  #isClosed = false;

  constructor(options: ProbeTimetableOptions) {
    this.#options = options;
  }

  /** Sets the time of the next probe anew. @param inMs otherwise as the hold has it */
  plan(key: string, hold: PlaceHold, inMs?: number): void {
    const { clock, everyMs } = this.#options;
    const { sinceMs, probedAtMs = sinceMs } = hold;
    const dueMs = nextProbeOf(hold, everyMs);
    this.cancel(key);
    if (dueMs === undefined || this.#isClosed) return;
    // The clock may have been set back since the last probe began.
    const waitMs = inMs ?? Math.max(0, Math.min(dueMs - clock.nowMs(), dueMs - probedAtMs));
    this.#wait(key, clock.monotonicMs() + waitMs, dueMs);
  }

  /** May be called again. */
  cancel(key: string): void {
    this.#cancels.get(key)?.();
    this.#cancels.delete(key);
  }

  /** No time comes any more. May be called again. */
  close(): void {
    this.#isClosed = true;
    for (const key of [...this.#cancels.keys()]) this.cancel(key);
  }

  /** @param atMs by the clock that never jumps; `dueMs` by the other one */
  #wait(key: string, atMs: number, dueMs: number): void {
    const { clock, onDue } = this.#options;
    const leftMs = Math.max(0, atMs - clock.monotonicMs());
    const cancel = clock.timer(Math.min(leftMs, LONGEST_WAIT_MS), () => {
      if (atMs <= clock.monotonicMs() || dueMs <= clock.nowMs()) onDue(key);
      else this.#wait(key, atMs, dueMs);
    });
    this.#cancels.set(key, cancel);
  }
}
