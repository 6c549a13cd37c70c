import type { Clock } from '../../base/clock.ts';

/** The same error is told at most this often (V6). */
export const TELL_EVERY_MS = 2_000;
const MAX_REMEMBERED = 1_000;

interface Told {
  atMs: number;
  untold: number;
}

/** Decides which errors are told: each at most every two seconds, with how often it came in between (V6). */
export class ErrorTelling {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #told = new Map<string, Told>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** @returns how often it came untold since it was last told, or undefined where it is not to be told now */
  shouldTell(collector: string, message: string): number | undefined {
    const key = `${collector}\n${message}`;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#told.get(key);
    if (known && nowMs - known.atMs < TELL_EVERY_MS) {
      known.untold += 1;
      return undefined;
    }
    if (!known && this.#told.size >= MAX_REMEMBERED) this.#forget(nowMs);
    this.#told.set(key, { atMs: nowMs, untold: 0 });
    return known?.untold ?? 0;
  }

  #forget(nowMs: number): void {
    for (const [key, { atMs }] of this.#told) if (nowMs - atMs >= TELL_EVERY_MS) this.#told.delete(key);
  }
}
