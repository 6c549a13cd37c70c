import type { Clock } from './clock.ts';
import type { Logger } from './log.ts';

/** The same thing is said again after so long at the earliest. */
const SAID_EVERY_MS = 60_000;
const MAX_REMEMBERED = 1000;

/** Errors that would come again and again: each kind is logged at once, then once a minute with how often it came. */
export class RepeatedLog {
  readonly #log: Pick<Logger, 'error'>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #said = new Map<string, { readonly atMs: number; unsaid: number }>();

  constructor(log: Pick<Logger, 'error'>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#log = log;
    this.#clock = clock;
  }

  /** @param kind what errors have in common that are said together */
  error(kind: string, fields: object, message: string): void {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#said.get(kind);
    if (known && nowMs - known.atMs < SAID_EVERY_MS) {
      known.unsaid += 1;
      return;
    }
    if (this.#said.size >= MAX_REMEMBERED) this.#said.clear();
    this.#said.set(kind, { atMs: nowMs, unsaid: 0 });
    const more = known && known.unsaid > 0 ? ` (and ${known.unsaid} more like it)` : '';
    this.#log.error({ ...fields }, `${message}${more}`);
  }
}
