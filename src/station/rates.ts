import type { Clock } from '../base/clock.ts';
import type { Service } from '../base/lifecycle.ts';
import type { Logger } from '../base/log.ts';
import { Repeating } from '../base/repeating.ts';
import { RATES, type RateName, type RateSpan, type RateStore } from '../keep/local/rates.ts';

/** Counted by minute for an hour, and by quarter of an hour for a day. */
export const RATE_SPANS = [
  { spanMs: 60_000, count: 60 },
  { spanMs: 900_000, count: 96 },
] as const;
const [MINUTES, QUARTERS] = RATE_SPANS;

type Amounts = Readonly<Partial<Record<RateName, number>>>;

export interface RatesOptions {
  readonly open: () => Promise<RateStore>;
  /** What was counted so far, of what only grows; less than before: it counts from none again. */
  readonly totals: () => Promise<Amounts>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Amounts of spans that follow each other, the oldest first; the last one has not ended. */
export interface RateSeries {
  readonly spanMs: number;
  readonly fromMs: number;
  readonly amounts: Readonly<Record<RateName, readonly number[]>>;
}

/**
 * What the station does over time, for small charts. What only grows is looked at when a minute is over, and when
 * somebody asks; what has no such count is added as it happens. A minute is written when it is over: whoever kills the
 * station loses one.
 *
 *   idle ──start()──▶ counting ──stop()──▶ stopped, the minute under way written
 */
export class Rates implements Service {
  readonly name = 'rates';
  readonly #options: RatesOptions;
  #store: RateStore | undefined;
  #before: Amounts | undefined;
  /** Not written yet, by the minute's beginning. */
  readonly #minutes = new Map<number, Record<string, number>>();
  readonly #minuteEnds: Repeating;
  /** While the minute that is over is written. */
  #writing: Promise<void> | undefined;

  constructor(options: RatesOptions) {
    this.#options = options;
    const { clock } = options;
    const untilMinuteMs = (): number => MINUTES.spanMs - (clock.nowMs() % MINUTES.spanMs);
    const work = (): Promise<void> => {
      this.#writing = this.#minuteOver();
      return this.#writing;
    };
    this.#minuteEnds = new Repeating({ clock, pauseMs: untilMinuteMs, work });
  }

  async start(): Promise<void> {
    if (this.#store) return;
    this.#store = await this.#options.open();
    this.#before = await this.#options.totals();
    this.#minuteEnds.start();
  }

  async stop(): Promise<void> {
    await this.#minuteEnds.stop();
    if (!this.#store) return;
    await this.#look(this.#options.clock.nowMs());
    await this.#write(Number.POSITIVE_INFINITY);
    await this.#store.close();
    this.#store = undefined;
  }

  /** Counts something that has just happened. */
  count(name: RateName, amount = 1): void {
    this.#add(this.#options.clock.nowMs(), { [name]: amount });
  }

  /** By minute for the last hour, and by quarter of an hour for the last day. Throws `database_*`. */
  async read(): Promise<{ readonly hour: RateSeries; readonly day: RateSeries }> {
    const nowMs = this.#options.clock.nowMs();
    await this.#writing;
    await this.#look(nowMs);
    const unwritten = [...this.#minutes].map(([fromMs, amounts]) => ({ fromMs, amounts }));
    const series = ({ spanMs, count }: (typeof RATE_SPANS)[number]): RateSeries => {
      const fromMs = beginOf(nowMs, spanMs) - (count - 1) * spanMs;
      const written = this.#store?.spans(spanMs, fromMs) ?? [];
      return seriesOf([...written, ...unwritten], { spanMs, count, fromMs });
    };
    return { hour: series(MINUTES), day: series(QUARTERS) };
  }

  async #minuteOver(): Promise<void> {
    const { clock, log } = this.#options;
    const nowMs = clock.nowMs();
    try {
      await this.#look(nowMs - 1);
      await this.#write(beginOf(nowMs, MINUTES.spanMs));
    } catch (error) {
      log.debug({ err: error }, 'rates could not be written; they will be');
    }
  }

  /** Adds what has been counted since it was last looked at, to the minute of that time. */
  async #look(atMs: number): Promise<void> {
    const now = await this.#options.totals();
    const before = this.#before ?? now;
    this.#before = now;
    this.#add(atMs, increase(before, now));
  }

  #add(atMs: number, amounts: Amounts): void {
    const some = Object.entries(amounts).filter(([, amount]) => amount > 0);
    if (some.length === 0) return;
    const fromMs = beginOf(atMs, MINUTES.spanMs);
    const minute = this.#minutes.get(fromMs) ?? {};
    for (const [name, amount] of some) minute[name] = (minute[name] ?? 0) + amount;
    this.#minutes.set(fromMs, minute);
    // While the disk takes nothing they are kept, but not without bound.
    const [oldest] = this.#minutes.keys();
    if (this.#minutes.size > MINUTES.count && oldest !== undefined) this.#minutes.delete(oldest);
  }

  /** Writes minutes that began before a time. */
  async #write(beforeMs: number): Promise<void> {
    const over = [...this.#minutes].filter(([fromMs]) => fromMs < beforeMs);
    if (over.length === 0) return;
    const nowMs = this.#options.clock.nowMs();
    const added = over.flatMap(([fromMs, amounts]) => [
      { spanMs: MINUTES.spanMs, fromMs, amounts },
      { spanMs: QUARTERS.spanMs, fromMs: beginOf(fromMs, QUARTERS.spanMs), amounts },
    ]);
    const forgotten = RATE_SPANS.map(({ spanMs, count }) => ({
      spanMs,
      beforeMs: beginOf(nowMs, spanMs) - count * spanMs,
    }));
    await this.#store?.add(added, forgotten);
    for (const [fromMs] of over) this.#minutes.delete(fromMs);
  }
}

function beginOf(atMs: number, spanMs: number): number {
  return Math.floor(atMs / spanMs) * spanMs;
}

/** By how much each has grown; one that is less than before has begun anew. Pure. */
export function increase(before: Amounts, now: Amounts): Amounts {
  return Object.fromEntries(
    Object.entries(now).map(([name, amount]) => {
      const was = before[name as RateName] ?? 0;
      return [name, amount < was ? amount : amount - was];
    }),
  );
}

/** Spans of any length up to `spanMs` put into a row of spans that follow each other. Pure. */
export function seriesOf(
  spans: readonly RateSpan[],
  { spanMs, count, fromMs }: { readonly spanMs: number; readonly count: number; readonly fromMs: number },
): RateSeries {
  const amounts = Object.fromEntries(RATES.map(name => [name, new Array<number>(count).fill(0)])) as Record<
    RateName,
    number[]
  >;
  for (const span of spans) {
    const at = Math.floor((span.fromMs - fromMs) / spanMs);
    if (at < 0 || at >= count) continue;
    for (const name of RATES)
      (amounts[name] as number[])[at] = (amounts[name][at] ?? 0) + (span.amounts[name] ?? 0);
  }
  return { spanMs, fromMs, amounts };
}
