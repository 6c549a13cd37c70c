import type { Clock } from './clock.ts';

const MAX_REMEMBERED = 1_000;

interface Reported {
  readonly atMs: number;
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
  readonly #reported = new Map<string, Reported>();

  /** @param everyMs messages of one kind are admitted at most this often */
  constructor(clock: Pick<Clock, 'monotonicMs'>, everyMs: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** @returns how many of its kind were suppressed since the last one, or undefined where this one is to be suppressed */
  admit(kind: string): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#reported.get(kind);
    if (known && nowMs - known.atMs < this.#everyMs) {
      known.suppressed += 1;
      return undefined;
    }
    if (!known && this.#reported.size >= MAX_REMEMBERED) this.#forgetOld(nowMs);
    this.#reported.set(kind, { atMs: nowMs, suppressed: 0 });
    return known?.suppressed ?? 0;
  }

  #forgetOld(nowMs: number): void {
    for (const [kind, { atMs }] of this.#reported)
      if (nowMs - atMs >= this.#everyMs) this.#reported.delete(kind);
  }
}
