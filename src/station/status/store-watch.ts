import type { Clock } from '../../base/clock.ts';
import type { Service } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import { Repeating } from '../../base/repeating.ts';
import { formatDuration } from '../../base/units.ts';
import type { Store } from '../../keep/store/store.ts';
import type { KnownFigures, StoredFigures } from './status.ts';

/** Whoever asks gets the last figures rather than wait longer; commands give the station two seconds. */
const PATIENCE_MS = 1_500;
/** Figures of a shared store are read anew at least so often, so that there are some when it goes away. */
const REFRESH_EVERY_MS = 10 * 60_000;

export interface StoreWatchOptions {
  readonly store: () => Pick<Store, 'outage' | 'onOutage'>;
  /** Whether it is on a server, which may go away. */
  readonly isShared: () => boolean;
  readonly read: () => Promise<StoredFigures>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The figures that the store has, for as long as it is away the last ones that were known; and a line in the log when it
 * goes away and when it is back.
 *
 *   idle ──start()──▶ the store is there ◀──▶ it is away ──stop()──▶ idle
 */
export class StoreWatch implements Service {
  readonly name = 'store watch';
  readonly #options: StoreWatchOptions;
  #last: { readonly figures: StoredFigures; readonly figuresAtMs: number } | undefined;
  /** The one that has been under way for longest. */
  #reading: { readonly startMs: number } | undefined;
  #stopWatching: () => void = () => undefined;
  readonly #refreshes: Repeating;

  constructor(options: StoreWatchOptions) {
    this.#options = options;
    const { clock } = options;
    // A server that does not answer is waited for by whoever asks, not by the next time.
    const work = (): void => void this.figures().catch(() => undefined);
    this.#refreshes = new Repeating({ clock, pauseMs: () => REFRESH_EVERY_MS, work });
  }

  async start(): Promise<void> {
    const { store, isShared, clock, log } = this.#options;
    if (!isShared()) return;
    let sinceMs = clock.nowMs();
    this.#stopWatching = store().onOutage(outage => {
      if (outage) {
        const { code, message, hint } = outage.error;
        sinceMs = outage.sinceMs;
        log.warn({ code, reason: message, hint }, 'the store is away: work waits for it');
      } else {
        log.info({ away: formatDuration(clock.nowMs() - sinceMs) }, 'the store is back');
      }
    });
    this.#refreshes.startAtOnce();
  }

  async stop(): Promise<void> {
    this.#stopWatching();
    await this.#refreshes.stop();
  }

  /** Figures of now, or the last ones where the store is away or slow. Throws `database_*` where there are none yet. */
  async figures(): Promise<KnownFigures> {
    const last = this.#last;
    if (!last) return { figures: await this.#read() };
    const figures = this.#isReadingLate()
      ? undefined
      : await this.#unlessAway(() => this.#read(), PATIENCE_MS);
    return figures ? { figures } : { ...last, outage: this.#options.store().outage() };
  }

  /**
   * What the store answers to one of its questions; undefined where it is away, or goes away before it answers. Throws
   * `database_*` for what else fails.
   */
  answer<T>(ask: () => Promise<T>): Promise<T | undefined> {
    return this.#unlessAway(ask);
  }

  async #unlessAway<T>(ask: () => Promise<T>, patienceMs?: number): Promise<T | undefined> {
    const { store, clock } = this.#options;
    if (store().outage()) return undefined;
    const { promise: noAnswer, resolve } = Promise.withResolvers<undefined>();
    const giveUp = (): void => resolve(undefined);
    const cancelTimer = patienceMs === undefined ? undefined : clock.timer(patienceMs, giveUp);
    const stopWatching = store().onOutage(outage => outage && giveUp());
    try {
      return await Promise.race([ask(), noAnswer]);
    } catch (error) {
      if (store().outage()) return undefined;
      throw error;
    } finally {
      cancelTimer?.();
      stopWatching();
    }
  }

  /** A server that does not answer is not asked once more by each who wants to know. */
  #isReadingLate(): boolean {
    const { clock } = this.#options;
    return this.#reading !== undefined && clock.monotonicMs() - this.#reading.startMs > PATIENCE_MS;
  }

  async #read(): Promise<StoredFigures> {
    const { read, clock } = this.#options;
    const reading = { startMs: clock.monotonicMs() };
    this.#reading ??= reading;
    try {
      const figures = await read();
      this.#last = { figures, figuresAtMs: clock.nowMs() };
      return figures;
    } finally {
      if (this.#reading === reading) this.#reading = undefined;
    }
  }
}
