import type { FileRecord } from '../../keep/local/journal.ts';
import type { DeliverySettings } from '../settings.ts';

/** Sent and not proven yet, at the most: what several questions to the bucket's listing are about. */
const PROVING_AT_ONCE = 1000;

/** Larger files than `partsAboveBytes` take the lane of large ones. */
type Lanes = Pick<DeliverySettings, 'workers' | 'smallAtOnce' | 'memoryBytes' | 'partsAboveBytes'>;

/**
 * Records chosen for upload and not begun: a bounded look-ahead, so that waiting files are rows and nothing else. Two
 * lanes, so that many small files are under way while a few large ones take their time; each file counts its bytes
 * against the small lane's memory. A file whose proof waits for others holds no place in its lane. A record's id is
 * claimed from the moment it is offered until `release`.
 */
export class ReadyQueue {
  readonly #lanes: Lanes;
  readonly #small: FileRecord[] = [];
  readonly #large: FileRecord[] = [];
  readonly #claimed = new Set<number>();
  readonly #proving = new Set<number>();
  #smallRunning = 0;
  #smallBytes = 0;
  #largeRunning = 0;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  /** Records chosen and not begun. */
  get length(): number {
    return this.#small.length + this.#large.length;
  }

  /** Ids of the records that are claimed. */
  get claimed(): readonly number[] {
    return [...this.#claimed];
  }

  get running(): number {
    return this.#smallRunning + this.#largeRunning;
  }

  /** Sent, with a proof that waits for others. */
  get proving(): number {
    return this.#proving.size;
  }

  has(id: number): boolean {
    return this.#claimed.has(id);
  }

  /** @returns false for one that is claimed already */
  offer(record: FileRecord): boolean {
    if (this.#claimed.has(record.id)) return false;
    this.#claimed.add(record.id);
    (this.isLarge(record) ? this.#large : this.#small).push(record);
    return true;
  }

  isLarge(record: FileRecord): boolean {
    return record.size > this.#lanes.partsAboveBytes;
  }

  /** The next record that there is room for; the caller ends it with `release`. */
  next(): FileRecord | undefined {
    const { workers, smallAtOnce, memoryBytes } = this.#lanes;
    if (this.#proving.size >= PROVING_AT_ONCE) return undefined;
    if (this.#large.length > 0 && this.#largeRunning < workers) {
      this.#largeRunning += 1;
      return this.#large.shift();
    }
    const small = this.#small[0];
    if (!small || this.#smallRunning >= smallAtOnce) return undefined;
    // A single file always fits, or it would wait for ever.
    if (this.#smallRunning > 0 && this.#smallBytes + small.size > memoryBytes) return undefined;
    this.#smallRunning += 1;
    this.#smallBytes += small.size;
    return this.#small.shift();
  }

  /** A record that `next` gave is sent, and only its proof is waited for: its place is free. May be called again. */
  sent(record: FileRecord): void {
    if (this.#proving.has(record.id)) return;
    this.#proving.add(record.id);
    this.#leaveLane(record);
  }

  /** A record that `next` gave has ended; the same object must be passed. */
  release(record: FileRecord): void {
    this.#claimed.delete(record.id);
    if (!this.#proving.delete(record.id)) this.#leaveLane(record);
  }

  #leaveLane(record: FileRecord): void {
    if (this.isLarge(record)) this.#largeRunning -= 1;
    else {
      this.#smallRunning -= 1;
      this.#smallBytes -= record.size;
    }
  }

  /**
   * Claims a record for something else than an attempt, also one that was chosen; `handBack` ends that.
   * @returns false while it is being tried, or is claimed so already
   */
  withhold(id: number): boolean {
    for (const lane of [this.#small, this.#large]) {
      const index = lane.findIndex(record => record.id === id);
      if (index < 0) continue;
      lane.splice(index, 1);
      return true;
    }
    if (this.#claimed.has(id)) return false;
    this.#claimed.add(id);
    return true;
  }

  /** Ends the claim of a record that was withheld. */
  handBack(id: number): void {
    this.#claimed.delete(id);
  }

  /** Gives up what has not begun, and returns it. */
  clear(): FileRecord[] {
    const givenUp = [...this.#small.splice(0), ...this.#large.splice(0)];
    for (const { id } of givenUp) this.#claimed.delete(id);
    return givenUp;
  }
}
