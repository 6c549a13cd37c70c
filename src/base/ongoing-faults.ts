import type { Clock } from './clock.ts';
import { asSluiceError } from './errors.ts';

/** Something that goes wrong and leaves no file, target or place behind that could be counted. */
export interface OngoingFault {
  /** What it is about: `configuration`, `webhooks github`. */
  readonly about: string;
  /** From the error catalogue, where the reason has a code. */
  readonly code: string | null;
  /** What, and why, in one line. */
  readonly message: string;
  readonly hint: string | null;
  readonly sinceMs: number;
  /** It is tried again by itself. */
  readonly isTriedAgain: boolean;
}

export interface FaultKind {
  /** What cannot be done, in words that the reason is put behind. */
  readonly words: string;
  /** What to do where the error does not say. */
  readonly hint?: string;
  readonly isTriedAgain?: boolean;
  /** Over by itself where it does not come again for so long; without, only `end` ends it. */
  readonly forMs?: number;
}

/** Where faults are told and taken back. */
export type FaultBoard = Pick<OngoingFaults, 'begin' | 'end'>;

/**
 * What goes wrong at the station itself, each as long as it lasts: what only a log would have said otherwise. Whoever
 * finds a fault begins it, as often as it is found; whoever finds that it is over ends it. Nothing outlives the process,
 * as all of it is found again.
 */
export class OngoingFaults {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #faults = new Map<string, OngoingFault & { readonly overAtMs: number }>();

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  /**
   * @param about there is one fault of each; a later one takes its place, and lasts since when the first did
   * @param reason an error, or words where there is none
   */
  begin(about: string, reason: unknown, { words, hint, isTriedAgain = false, forMs }: FaultKind): void {
    const isWords = typeof reason === 'string';
    const {
      code,
      message,
      hint: known,
    } = isWords ? { code: null, message: reason, hint: undefined } : asSluiceError(reason);
    const nowMs = this.#clock.nowMs();
    const before = this.#faults.get(about);
    this.#faults.set(about, {
      about,
      code,
      message: `${words}: ${message.split('\n', 1)[0] ?? ''}`,
      hint: known ?? hint ?? null,
      sinceMs: before !== undefined && before.overAtMs > nowMs ? before.sinceMs : nowMs,
      isTriedAgain,
      overAtMs: forMs === undefined ? Number.POSITIVE_INFINITY : nowMs + forMs,
    });
  }

  /** One that there is not is no error. */
  end(about: string): void {
    this.#faults.delete(about);
  }

  /** Those that last, longest first. */
  all(): readonly OngoingFault[] {
    const nowMs = this.#clock.nowMs();
    for (const [about, { overAtMs }] of this.#faults) if (overAtMs <= nowMs) this.#faults.delete(about);
    return [...this.#faults.values()]
      .map(({ overAtMs: _overAtMs, ...fault }) => fault)
      .sort((one, other) => one.sinceMs - other.sinceMs);
  }
}
