import { createHash } from 'node:crypto';

const DAY_MS = 24 * 3_600_000;

/**
 * When a source is listed to its end, not only as far back as the listing before. Entries move between pages while these
 * are read: what slips through is found by no later listing that ends where nothing has changed since, until it changes
 * itself. Kept in memory; a process that starts spreads its sources over a day.
 */
export class WholeListings {
  readonly #dueAtMs = new Map<string, number>();

  /** @param isFirst the source has never been listed */
  isDue(source: string, isFirst: boolean, nowMs: number): boolean {
    if (isFirst) return true;
    const dueAtMs = this.#dueAtMs.get(source) ?? nowMs + Math.round(shareOf(source) * DAY_MS);
    this.#dueAtMs.set(source, dueAtMs);
    return dueAtMs <= nowMs;
  }

  /** To be told of each listing that was read to its end. */
  record(source: string, { isFirst, pages }: { isFirst: boolean; pages: number }, nowMs: number): void {
    // Between the pages of one page nothing slips through; of the very first listing, more hangs on it.
    this.#dueAtMs.set(source, isFirst && pages > 1 ? nowMs : nowMs + DAY_MS);
  }

  /** Forgets a source that is no longer wanted. */
  drop(source: string): void {
    this.#dueAtMs.delete(source);
  }
}

/** A number from 0 to below 1 that is always the same for a name. */
function shareOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0) / 2 ** 32;
}
