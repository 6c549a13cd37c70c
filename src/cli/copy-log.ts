import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';

/** How often a copy says how far it is where no terminal shows it. */
const SAID_EVERY_MS = 10_000;

/**
 * What the log has of a copy, for cron and pipes: how far it is, every ten seconds. Each file is a line at `debug`; the
 * station's log has all that becomes of them at `info`.
 */
export class CopyLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  #saidMs: number;
  readonly #copied = { files: 0, bytes: 0 };
  readonly #delivered = { files: 0, bytes: 0 };

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
    this.#saidMs = clock.monotonicMs();
  }

  /** A file lies in the station's folder. */
  copied(facts: { readonly bytes: number } & Record<string, unknown>): void {
    this.#add(this.#copied, facts, 'copied');
  }

  /** A file has been delivered. */
  delivered(facts: { readonly bytes: number } & Record<string, unknown>): void {
    this.#add(this.#delivered, facts, 'delivered');
  }

  #add(
    sum: { files: number; bytes: number },
    facts: { readonly bytes: number },
    event: 'copied' | 'delivered',
  ): void {
    this.#log.debug(facts, event);
    sum.files += 1;
    sum.bytes += facts.bytes;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#saidMs < SAID_EVERY_MS) return;
    this.#saidMs = nowMs;
    this.#log.info({ ...sum }, `${event} so far`);
  }
}
