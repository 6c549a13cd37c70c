import type { Clock } from '../../base/clock.ts';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import type { CollectorFiles } from './files/collector-files.ts';
import type { Pace } from './pace.ts';
import { Rate } from './rate.ts';
import { interpret } from './reading.ts';
import type { CollectorPlan } from './settings.ts';
import type { PushSource, Raw, ReadingSource } from './sources/source.ts';
import { dueTick, tickTimeMs } from './ticks.ts';

/** Collectors that come at least this often wait to the tenth of a millisecond. */
const FINE_BELOW_MS = 20;

export interface CollectorFigures {
  readonly readings: number;
  /** Ticks that were overtaken by a slow reading or a busy machine (V2). */
  readonly missed: number;
  /** Filtered out on purpose (V6). */
  readonly filtered: number;
  readonly errors: number;
  /** Readings a second over the last ten seconds. */
  readonly perSecond: number;
  /** The furthest that a reading came after its time; null where there are no ticks. */
  readonly latestByMs: number | null;
  /** Milliseconds since the epoch. */
  readonly lastReadingAtMs: number | null;
  readonly lastError: { readonly message: string; readonly atMs: number } | null;
}

export interface CollectorOptions {
  readonly plan: CollectorPlan;
  readonly source: ReadingSource | PushSource;
  readonly files: CollectorFiles;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly onError: (error: SluiceError) => void;
}

/**
 * One collector's loop (V2):
 *
 *   idle ──start──▶ waiting ──tick's time──▶ reading ──answer, error, time-out──▶ waiting
 *                      └───────────── stop ─────┴────▶ stopped (final)
 *
 * It waits for a reading to end before it looks for the next tick, so that readings never overlap.
 */
export class Collector {
  readonly plan: CollectorPlan;
  readonly files: CollectorFiles;
  readonly #options: CollectorOptions;
  readonly #rate = new Rate();
  readonly #fine: boolean;
  #startMs = 0;
  #last = -1;
  #readings = 0;
  #missed = 0;
  #filtered = 0;
  #errors = 0;
  #latestByMs = 0;
  #lastReadingAtMs: number | null = null;
  #lastError: { message: string; atMs: number } | null = null;
  #cancelWait = (): void => undefined;
  #reading: Promise<void> | undefined;
  #abort: AbortController | undefined;
  #cancelTimeout = (): void => undefined;
  #stopped = false;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.plan = options.plan;
    this.files = options.files;
    this.#fine = (options.plan.everyMs ?? Number.POSITIVE_INFINITY) < FINE_BELOW_MS;
  }

  /** Begins; the first tick is at `startMs` (monotonic). */
  start(startMs: number): void {
    const { source } = this.#options;
    this.#startMs = startMs;
    if ('listen' in source) {
      source.listen(
        raw => this.#took(raw, this.#options.clock.nowMs()),
        error => this.#failed(error),
      );
    } else this.#wait();
  }

  /** Ends the loop: a reading under way is given up. Files stay as they are. May be called again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelWait();
    this.#abort?.abort(new SluiceError('cancelled', 'the collector stops'));
    await this.#reading;
    await this.#options.source.close();
  }

  figures(): CollectorFigures {
    const { clock } = this.#options;
    return {
      readings: this.#readings,
      missed: this.#missed,
      filtered: this.#filtered,
      errors: this.#errors,
      perSecond: this.#rate.perSecond(clock.monotonicMs()),
      latestByMs: this.plan.everyMs === null ? null : this.#latestByMs,
      lastReadingAtMs: this.#lastReadingAtMs,
      lastError: this.#lastError,
    };
  }

  #wait(): void {
    if (this.#stopped) return;
    const atMs = tickTimeMs(this.#startMs, this.plan.everyMs ?? 0, this.#last + 1);
    this.#cancelWait = this.#options.pace.at(atMs, this.#fine, this.#tick);
  }

  readonly #tick = (): void => {
    const { clock, source } = this.#options;
    if (this.#stopped || 'listen' in source) return;
    const everyMs = this.plan.everyMs ?? 0;
    const nowMs = clock.monotonicMs();
    const due = dueTick(this.#startMs, everyMs, this.#last, nowMs);
    if (!due) {
      this.#wait();
      return;
    }
    this.#last = due.tick;
    this.#missed += due.missed;
    this.#latestByMs = Math.max(this.#latestByMs, nowMs - tickTimeMs(this.#startMs, everyMs, due.tick));
    const requestedAtMs = clock.nowMs();
    try {
      const answer = source.read(this.#signal);
      if (answer instanceof Promise) {
        this.#reading = this.#await(answer, requestedAtMs);
        return;
      }
      this.#took(answer, requestedAtMs);
    } catch (error) {
      this.#failed(error);
    }
    this.#wait();
  };

  async #await(answer: Promise<Raw | undefined>, requestedAtMs: number): Promise<void> {
    try {
      this.#took(await answer, requestedAtMs);
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#cancelTimeout();
      this.#abort = undefined;
      this.#reading = undefined;
    }
    this.#wait();
  }

  /** Made only for sources that wait for something. */
  readonly #signal = (): AbortSignal => {
    const { timeoutMs } = this.plan;
    const abort = new AbortController();
    this.#abort = abort;
    this.#cancelTimeout = this.#options.clock.timer(timeoutMs, () =>
      abort.abort(new SluiceError('timed_out', `no reading within ${timeoutMs} ms`)),
    );
    return abort.signal;
  };

  #took(raw: Raw | undefined, requestedAtMs: number): void {
    if (this.#stopped) return;
    if (raw === undefined) {
      this.#filtered += 1;
      return;
    }
    const { clock, files } = this.#options;
    try {
      const reading = interpret(raw, this.plan.format, this.plan.extension);
      const receivedAtMs = clock.nowMs();
      files.take(reading, { requestedAtMs, receivedAtMs });
      this.#readings += 1;
      this.#lastReadingAtMs = receivedAtMs;
      this.#rate.add(clock.monotonicMs());
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#stopped) return;
    const { clock, onError } = this.#options;
    const known = asSluiceError(error);
    this.#errors += 1;
    this.#lastError = { message: known.message, atMs: clock.nowMs() };
    onError(known);
  }
}
