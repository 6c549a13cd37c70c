/** So many files go first to an endpoint that is back. */
const FIRST_FILES = 4;

interface Ramp {
  /** Files that may be under way. */
  allowed: number;
  readonly underWay: Set<number>;
}

/**
 * How many files may be under way to endpoints that were offline and are back: a few at first, one more with each that
 * arrives, so that what waits does not fall upon a server, or a link, that is barely up.
 *
 *   free ──begin()──▶ ramping ──as many as the lanes take──▶ free
 *                      ▲    │
 *                      └────┘ an attempt that failed halves what is allowed
 */
export class ReturnRamps {
  readonly #lanes: number;
  readonly #ramps = new Map<string, Ramp>();

  /** @param lanes files that are under way at once at the most, whatever is allowed here */
  constructor(lanes: number) {
    this.#lanes = lanes;
  }

  /** The endpoint is back; it begins anew where it was ramping. */
  begin(endpoint: string): void {
    const underWay = this.#ramps.get(endpoint)?.underWay ?? new Set();
    this.#ramps.set(endpoint, { allowed: FIRST_FILES, underWay });
  }

  /** How many more files may be chosen for it now; Infinity where it is free. */
  room(endpoint: string): number {
    const ramp = this.#ramps.get(endpoint);
    return ramp ? Math.max(0, ramp.allowed - ramp.underWay.size) : Number.POSITIVE_INFINITY;
  }

  /** A file was chosen for it. */
  chose(endpoint: string, recordId: number): void {
    this.#ramps.get(endpoint)?.underWay.add(recordId);
  }

  /**
   * An attempt, or the file's turn in it, ended; may be called again.
   * @returns whether more may be chosen since
   */
  ended(endpoint: string, recordId: number, hasArrived: boolean): boolean {
    const ramp = this.#ramps.get(endpoint);
    if (!ramp?.underWay.delete(recordId)) return false;
    ramp.allowed = hasArrived ? ramp.allowed + 1 : Math.max(FIRST_FILES, Math.floor(ramp.allowed / 2));
    if (ramp.allowed >= this.#lanes) this.#ramps.delete(endpoint);
    return this.room(endpoint) > 0;
  }
}
