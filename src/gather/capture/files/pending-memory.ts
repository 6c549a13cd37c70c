/** Readings that all collectors together may hold in memory for a disk that does not take them. */
export const MAX_PENDING_BYTES = 32 * 2 ** 20;

/**
 * The memory that readings take while they wait for the disk, of all collectors together: a disk that is full for days
 * must not fill the memory as well.
 */
export class PendingMemory {
  readonly #maxBytes: number;
  readonly #byOwner = new Map<object, number>();
  #bytes = 0;

  constructor(maxBytes = MAX_PENDING_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Says how much one of them holds now; 0 forgets it. */
  set(owner: object, bytes: number): void {
    this.#bytes += bytes - (this.#byOwner.get(owner) ?? 0);
    if (bytes === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, bytes);
  }

  /** Whether so much more may be held. */
  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes <= this.#maxBytes;
  }
}
