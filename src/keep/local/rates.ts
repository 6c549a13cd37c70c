/** What is counted over time. */
export const RATES = [
  'commits',
  'changesets',
  'calls',
  'readings',
  'files',
  'bytes',
  'failures',
  // Files delivered of which it is known how long that took, and how many of them within a time.
  'timed',
  'within1s',
  'within15s',
  'within5m',
  'within2h',
] as const;
export type RateName = (typeof RATES)[number];

/** What was counted within a span of time. */
export interface RateSpan {
  readonly fromMs: number;
  readonly amounts: Readonly<Partial<Record<RateName, number>>>;
}

/** What was free on a disk. */
export interface FreeSample {
  readonly atMs: number;
  /** One of the folders on it. */
  readonly path: string;
  readonly freeBytes: number;
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
  /** What was free on disks, from a time on, oldest first. */
  free(sinceMs: number): FreeSample[];
  /** Keeps what is free now, once an hour and disk, and forgets what is older than a time; all together. */
  addFree(samples: readonly FreeSample[], forgottenBeforeMs: number): Promise<void>;
  /** May be repeated. */
  close(): Promise<void>;
}
