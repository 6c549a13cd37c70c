import type { Clock } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import { type RateTimetable, rateAt } from '../base/rate-timetable.ts';
import type { Pace } from '../keep/buckets/bucket.ts';

/** What was not sent so long ago may be made up for at once. */
const BURST_MS = 200;
/** The rate is looked up again, and who waits is looked after, at least this often. */
const LOOK_EVERY_MS = 1000;
const SMALLEST_SLICE_BYTES = 16 * 1024;
const LARGEST_SLICE_BYTES = 512 * 1024;

/** Somebody who waits for room. */
interface Waiting {
  readonly bytes: number;
  readonly weight: number;
  readonly go: () => void;
}

/**
 * How fast all that goes to object stores may go together, by time of day.
 *
 * Two lines wait: requests that have begun, and such that are to begin. By bytes each has as much as the other, a request
 * that begins being counted with all that it will send: so what has begun never waits long enough to be taken for dead,
 * and small files never wait for a large one to end.
 */
export class Bandwidth implements Pace {
  readonly #clock: Pick<Clock, 'nowMs' | 'monotonicMs' | 'timer'>;
  readonly #timetable: () => RateTimetable | undefined;
  readonly #begun: Waiting[] = [];
  readonly #beginning: Waiting[] = [];
  /** Bytes that requests that begin had ahead of those that had begun, while both waited. */
  #leadBytes = 0;
  /** When all that was let go is sent, at the rate that held; of the monotonic clock. */
  #paidUpAtMs = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(
    clock: Pick<Clock, 'nowMs' | 'monotonicMs' | 'timer'>,
    timetable: () => RateTimetable | undefined,
  ) {
    this.#clock = clock;
    this.#timetable = timetable;
  }

  /** Pace.sliceBytes: ten a second, within bounds. */
  get sliceBytes(): number {
    const rate = this.#rate();
    if (rate === Number.POSITIVE_INFINITY) return rate;
    return Math.min(Math.max(Math.floor(rate / 10), SMALLEST_SLICE_BYTES), LARGEST_SLICE_BYTES);
  }

  /** Pace.begin. */
  begin(bytes: number, signal?: AbortSignal): Promise<void> {
    // A large body takes its room slice by slice, once it has begun.
    return this.#wait(
      this.#beginning,
      { bytes: bytes <= this.sliceBytes ? bytes : 0, weight: bytes },
      signal,
    );
  }

  /** Pace.take. */
  take(bytes: number, signal?: AbortSignal): Promise<void> {
    return this.#wait(this.#begun, { bytes, weight: bytes }, signal);
  }

  #rate(): number {
    const timetable = this.#timetable();
    return timetable === undefined ? Number.POSITIVE_INFINITY : rateAt(timetable, this.#clock.nowMs());
  }

  async #wait(line: Waiting[], asked: Omit<Waiting, 'go'>, signal: AbortSignal | undefined): Promise<void> {
    const isFree =
      this.#begun.length + this.#beginning.length === 0 && this.#rate() === Number.POSITIVE_INFINITY;
    if (isFree) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { ...asked, go: resolve };
    const onAbort = (): void => {
      line.splice(line.indexOf(waiting), 1);
      reject(new SluiceError('cancelled', 'stopped on request'));
    };
    if (signal?.aborted) throw new SluiceError('cancelled', 'stopped on request');
    signal?.addEventListener('abort', onAbort, { once: true });
    line.push(waiting);
    this.#serve();
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Lets go who may; the timer brings it here again for the others. */
  #serve(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const rate = this.#rate();
    const nowMs = this.#clock.monotonicMs();
    this.#paidUpAtMs = Math.max(this.#paidUpAtMs, nowMs - BURST_MS);
    while (this.#begun.length + this.#beginning.length > 0) {
      if (rate !== Number.POSITIVE_INFINITY && this.#paidUpAtMs > nowMs) break;
      const next = this.#next();
      this.#paidUpAtMs += (next.bytes / rate) * 1000;
      next.go();
    }
    if (this.#begun.length + this.#beginning.length === 0) return;
    const ms = Math.min(Math.ceil(this.#paidUpAtMs - nowMs), LOOK_EVERY_MS);
    this.#cancelTimer = this.#clock.timer(ms, () => this.#serve());
  }

  /** Whose turn it is; somebody waits. */
  #next(): Waiting {
    if (this.#begun.length === 0 || this.#beginning.length === 0) this.#leadBytes = 0;
    const isBeginning = this.#beginning.length > 0 && (this.#begun.length === 0 || this.#leadBytes <= 0);
    const next = (isBeginning ? this.#beginning : this.#begun).shift() as Waiting;
    this.#leadBytes += isBeginning ? next.weight : -next.weight;
    return next;
  }
}
