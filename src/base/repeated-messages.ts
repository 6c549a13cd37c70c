import type { Clock } from './clock.ts';

const MAX_REMEMBERED = 1_000;

interface Reported {
  readonly atMs: number;
  /** Until the next is admitted. */
  readonly waitMs: number;
  /** How often it came since then. */
  suppressed: number;
}

/**
 * Decides which messages are logged, so that what fails again and again does not flood the log. A kind is what messages
 * have in common that differ only in the file or the number that they name.
 */
export class RepeatedMessages {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #everyMs: number;
  readonly #longestMs: number;
  readonly #reported = new Map<string, Reported>();

  /**
   * @param everyMs messages of one kind are admitted at most this often
   * @param longestMs those that come on and on ever less often, down to this
   */
  constructor(clock: Pick<Clock, 'monotonicMs'>, everyMs: number, longestMs = everyMs) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#longestMs = longestMs;
  }

  /** @returns how many of its kind were suppressed since the last one, or undefined where this one is to be suppressed */
  admit(kind: string): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#reported.get(kind);
    if (known && nowMs - known.atMs < known.waitMs) {
      known.suppressed += 1;
      return undefined;
    }
    if (!known && this.#reported.size >= MAX_REMEMBERED) this.#forgetOld(nowMs);
    const goesOn = known !== undefined && nowMs - known.atMs < 2 * known.waitMs;
    const waitMs = goesOn ? Math.min(2 * known.waitMs, this.#longestMs) : this.#everyMs;
    this.#reported.set(kind, { atMs: nowMs, waitMs, suppressed: 0 });
    return known?.suppressed ?? 0;
  }

  #forgetOld(nowMs: number): void {
    for (const [kind, { atMs, waitMs }] of this.#reported)
      if (nowMs - atMs >= waitMs) this.#reported.delete(kind);
  }
}
