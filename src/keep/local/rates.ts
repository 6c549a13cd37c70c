/** What is counted over time. */
export const RATES = ['commits', 'changesets', 'calls', 'readings', 'files', 'bytes', 'failures'] as const;
export type RateName = (typeof RATES)[number];

/** What was counted within a span of time. */
export interface RateSpan {
  readonly fromMs: number;
  readonly amounts: Readonly<Partial<Record<RateName, number>>>;
}

/**
 * Counts over time in this machine's own database. Methods may throw `database_*` and `disk_full`, and have then changed
 * nothing.
 */
export interface RateStore {
  /** Spans of that length that begin at `sinceMs` or later, oldest first; those in which nothing happened are left out. */
  spans(spanMs: number, sinceMs: number): RateSpan[];
  /** Adds to spans, and forgets those of each length that begin before a time; all together. */
  add(
    added: readonly (RateSpan & { readonly spanMs: number })[],
    forgotten: readonly { readonly spanMs: number; readonly beforeMs: number }[],
  ): Promise<void>;
  /** May be repeated. */
  close(): Promise<void>;
}
