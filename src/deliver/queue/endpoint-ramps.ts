import type { Clock } from '../../base/clock.ts';
import { probePauseMs } from '../../engine/place-hold.ts';

/** So many files go first to an endpoint that is back, or asks for less. */
const FIRST_FILES = 4;

interface Ramp {
  /** Files that may be under way. */
  allowed: number;
  readonly underWay: Set<number>;
  /** Pauses since a file arrived. */
  pauses: number;
  /** None is chosen before, by the monotonic clock. */
  pausedUntilMs: number;
}

export interface EndpointRampsOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Files that are under way at once at the most, whatever is allowed here. */
  readonly lanes: number;
  /** No pause is longer. */
  readonly longestPauseMs: number;
}

/**
 * How many files may be under way to endpoints that were offline and are back, or that ask for less (SlowDown): a few at
 * first, one more with each that arrives, so that what waits does not fall upon a server, or a link, that bears little.
 *
 *   free ──begin(), slow()──▶ ramping ──as many as the lanes take──▶ free
 *                             │ ▲  │ ▲
 *                             └─┘  └─┘ slow() when only a few are allowed: nothing is chosen for a while, twice as
 *    a try that failed halves          long each time until a file arrives
 *    what is allowed
 */
export class EndpointRamps {
  readonly #options: EndpointRampsOptions;
  readonly #ramps = new Map<string, Ramp>();

  constructor(options: EndpointRampsOptions) {
    this.#options = options;
  }

  /** The endpoint is back; it begins anew where it was ramping. */
  begin(endpoint: string): void {
    this.#enter(endpoint, FIRST_FILES);
  }

  /**
   * The endpoint asked for less, at this call's end.
   * @returns how long nothing is chosen for it; undefined where it is ramping already and goes on
   */
  slow(endpoint: string): number | undefined {
    const { clock, lanes, longestPauseMs } = this.#options;
    const ramp = this.#ramps.get(endpoint);
    if (!ramp) {
      this.#enter(endpoint, Math.max(FIRST_FILES, Math.floor(lanes / 2)));
      return 0;
    }
    const nowMs = clock.monotonicMs();
    if (ramp.allowed > FIRST_FILES || nowMs < ramp.pausedUntilMs) return undefined;
    const pauseMs = probePauseMs(ramp.pauses, longestPauseMs);
    ramp.pauses += 1;
    ramp.pausedUntilMs = nowMs + pauseMs;
    return pauseMs;
  }

  /** How many more files may be chosen for it now; Infinity where it is free. */
  room(endpoint: string): number {
    const ramp = this.#ramps.get(endpoint);
    if (!ramp) return Number.POSITIVE_INFINITY;
    if (this.pauseLeftMs(endpoint) > 0) return 0;
    return Math.max(0, ramp.allowed - ramp.underWay.size);
  }

  /** How long nothing is chosen for it yet, in whole milliseconds; 0 where it does not pause. */
  pauseLeftMs(endpoint: string): number {
    const untilMs = this.#ramps.get(endpoint)?.pausedUntilMs ?? Number.NEGATIVE_INFINITY;
    return Math.max(0, Math.ceil(untilMs - this.#options.clock.monotonicMs()));
  }

  /** A file was chosen for it. */
  chose(endpoint: string, recordId: number): void {
    this.#ramps.get(endpoint)?.underWay.add(recordId);
  }

  /** A file that was chosen is not tried after all. */
  handBack(endpoint: string, recordId: number): void {
    this.#ramps.get(endpoint)?.underWay.delete(recordId);
  }

  /**
   * An attempt, or the file's turn in it, ended; may be called again.
   * @returns whether more may be chosen since
   */
  ended(endpoint: string, recordId: number, hasArrived: boolean): boolean {
    const ramp = this.#ramps.get(endpoint);
    if (!ramp?.underWay.delete(recordId)) return false;
    ramp.allowed = hasArrived ? ramp.allowed + 1 : Math.max(FIRST_FILES, Math.floor(ramp.allowed / 2));
    if (hasArrived) ramp.pauses = 0;
    if (ramp.allowed >= this.#options.lanes) this.#ramps.delete(endpoint);
    return this.room(endpoint) > 0;
  }

  #enter(endpoint: string, allowed: number): void {
    const underWay = this.#ramps.get(endpoint)?.underWay ?? new Set();
    this.#ramps.set(endpoint, { allowed, underWay, pauses: 0, pausedUntilMs: Number.NEGATIVE_INFINITY });
  }
}
