import type { Clock } from '../../base/clock.ts';
import type { SluiceError } from '../../base/errors.ts';
import type { StoreOutage } from '../store/store.ts';

/** First wait before the server is asked again; doubles up to the longest. */
const FIRST_PROBE_MS = 50;
const LONGEST_PROBE_MS = 2_000;

export interface OutageOptions {
  readonly clock: Clock;
  /** How long after an outage began calls wait for its end; later ones fail at once until it is over. */
  readonly patienceMs: number;
  /** Asks the server something; rejects while it is not to be had. */
  readonly probe: () => Promise<void>;
}

/**
 * Whether the database server is to be had. Calls do not try for themselves while it is not: one probe at a time does.
 *
 *   reachable ──began()──▶ out, calls wait ──patienceMs──▶ out, calls fail at once
 *       ▲                          └──────── a probe succeeds ────────┘
 *       └─────────────────────────────────────┘
 */
export class Outage {
  readonly #options: OutageOptions;
  #now:
    | { sinceMs: number; startedMs: number; error: SluiceError; over: Promise<void>; end: () => void }
    | undefined;
  readonly #listeners = new Set<(state: StoreOutage | undefined) => void>();
  #closed = false;

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  /** Undefined while the server is to be had. */
  get state(): StoreOutage | undefined {
    return this.#now && { sinceMs: this.#now.sinceMs, error: this.#now.error };
  }

  /** Calls `listener` when an outage begins, and with undefined when it is over. @returns what ends that */
  watch(listener: (state: StoreOutage | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.state);
  }

  /** The server was not to be had just now. May be repeated. */
  began(error: SluiceError): void {
    if (this.#now) this.#now.error = error;
    if (this.#now || this.#closed) return;
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    const { clock } = this.#options;
    this.#now = { sinceMs: clock.nowMs(), startedMs: clock.monotonicMs(), error, over, end };
    this.#tell();
    void this.#probe();
  }

  /** Resolves at once where there is none. @throws what it began with, once patience is over */
  async pass(): Promise<void> {
    const outage = this.#now;
    if (!outage) return;
    const { clock, patienceMs } = this.#options;
    const leftMs = outage.startedMs + patienceMs - clock.monotonicMs();
    if (leftMs <= 0) throw outage.error;
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = clock.timer(leftMs, () => reject(outage.error));
    await Promise.race([outage.over, late]).finally(cancel);
    if (this.#closed) throw outage.error;
  }

  /** Ends the probes; whoever waits fails. */
  close(): void {
    this.#closed = true;
    this.#now?.end();
  }

  async #probe(): Promise<void> {
    const { clock, probe } = this.#options;
    for (let waitMs = FIRST_PROBE_MS; !this.#closed; waitMs = Math.min(waitMs * 2, LONGEST_PROBE_MS)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const cancel = clock.timer(waitMs, resolve);
      await Promise.race([promise, this.#now?.over]);
      cancel();
      if (this.#closed) return;
      try {
        await probe();
        const outage = this.#now;
        this.#now = undefined;
        outage?.end();
        this.#tell();
        return;
      } catch (error) {
        if (this.#now) this.#now.error = error as SluiceError;
      }
    }
  }
}
