import type { Clock } from '../../../base/clock.ts';
import { asSluiceError, SluiceError } from '../../../base/errors.ts';
import type { CollectorFiles } from '../files/collector-files.ts';
import { parseReading } from '../reading.ts';
import type { CollectorPlan } from '../settings.ts';
import type { PushSource, RawReading, ReadingSource } from '../sources/source.ts';
import { EventRate } from './event-rate.ts';
import type { TickTimer } from './tick-timer.ts';
import { dueTick, tickTimeMs } from './ticks.ts';

/** Collectors that come at least this often wait to the tenth of a millisecond. */
const FINE_BELOW_MS = 20;

export interface CollectorFigures {
  readonly readings: number;
  /** Ticks that were overtaken by a slow reading or a busy machine. */
  readonly missed: number;
  /** Filtered out on purpose. */
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
  readonly clock: Clock;
  readonly timer: TickTimer;
  readonly onError: (error: SluiceError) => void;
}

/**
 * One collector's loop:
 *
 *   idle ──start──▶ waiting ──tick's time──▶ reading ──answer, error, time-out──▶ waiting
 *                      └───────────── stop ─────┴────▶ stopped (final)
 *
 * It waits for a reading to end before it asks for the next tick, so that readings never overlap.
 */
export class Collector {
  readonly plan: CollectorPlan;
  readonly files: CollectorFiles;
  readonly #source: ReadingSource | PushSource;
  readonly #options: CollectorOptions;
  readonly #rate = new EventRate();
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

  constructor(
    plan: CollectorPlan,
    source: ReadingSource | PushSource,
    files: CollectorFiles,
    options: CollectorOptions,
  ) {
    this.plan = plan;
    this.files = files;
    this.#source = source;
    this.#options = options;
    this.#fine = (plan.everyMs ?? Number.POSITIVE_INFINITY) < FINE_BELOW_MS;
  }

  /** Begins; the first tick is at `startMs` (monotonic). */
  start(startMs: number): void {
    const source = this.#source;
    this.#startMs = startMs;
    if ('listen' in source) {
      source.listen(
        raw => this.#receive(raw, this.#options.clock.nowMs()),
        error => this.#fail(error),
      );
    } else this.#wait();
  }

  /** Ends the loop: a reading under way is given up. Files stay as they are. May be called again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelWait();
    this.#abort?.abort(new SluiceError('cancelled', 'the collector stops'));
    await this.#reading;
    await this.#source.close();
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
    this.#cancelWait = this.#options.timer.at(atMs, this.#fine, this.#tick);
  }

  readonly #tick = (): void => {
    const source = this.#source;
    const { clock } = this.#options;
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
      this.#receive(answer, requestedAtMs);
    } catch (error) {
      this.#fail(error);
    }
    this.#wait();
  };

  async #await(answer: Promise<RawReading | undefined>, requestedAtMs: number): Promise<void> {
    try {
      this.#receive(await answer, requestedAtMs);
    } catch (error) {
      this.#fail(error);
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

  #receive(raw: RawReading | undefined, requestedAtMs: number): void {
    if (this.#stopped) return;
    if (raw === undefined) {
      this.#filtered += 1;
      return;
    }
    const { clock } = this.#options;
    try {
      const reading = parseReading(raw, this.plan);
      const receivedAtMs = clock.nowMs();
      this.files.add(reading, { requestedAtMs, receivedAtMs });
      this.#readings += 1;
      this.#lastReadingAtMs = receivedAtMs;
      this.#rate.add(clock.monotonicMs());
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    const { clock, onError } = this.#options;
    const known = asSluiceError(error);
    this.#errors += 1;
    this.#lastError = { message: known.message, atMs: clock.nowMs() };
    onError(known);
  }
}
