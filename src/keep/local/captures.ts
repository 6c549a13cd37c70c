import type { FileAddress, FileState } from './journal.ts';

/** Why a capture file is complete. */
export type CompletionReason = 'size' | 'age' | 'sync' | 'stop' | 'binary' | 'recovered';

/** A finished file of readings; a row of `capture_files`. Times are ISO 8601. */
export interface CapturedFile extends FileAddress {
  readonly collector: string;
  readonly method: string;
  readonly readings: number;
  readonly bytes: number;
  /** When its first reading was asked for. */
  readonly firstAt: string;
  /** When its last reading was there. */
  readonly lastAt: string;
  /** Null where each message was taken as it came. */
  readonly intervalMs: number | null;
  readonly tags: readonly string[];
  readonly station: string;
  readonly reason: CompletionReason;
  readonly completedAtMs: number;
}

/** Collector, file and object side by side. */
export interface CaptureLineage extends CapturedFile {
  readonly id: number;
  /** Its row in `file_records`; null until delivery has seen it. */
  readonly recordId: number | null;
  readonly state: FileState | null;
  /** Where it is in the bucket, once it was delivered. */
  readonly objectKey: string | null;
  readonly deliveredAtMs: number | null;
  /** Deleted before it was delivered, since the disk was full. */
  readonly lostAtMs: number | null;
}

export interface CaptureFilter {
  readonly collector?: string;
  /** Oldest first. */
  readonly reverse?: boolean;
  /** Only what comes after the file with this id in that order. */
  readonly afterId?: number;
  /** Leaves out so many of the first. */
  readonly offset?: number;
  readonly limit: number;
}

/** What gave way on a full disk; a row of `disk_freed`. */
export interface FreedSpace {
  readonly atMs: number;
  readonly step: string;
  /** The file, where one was deleted unsent. */
  readonly path: string | null;
  readonly files: number;
  readonly bytes: number;
  readonly readings: number;
  /** Data that nobody else has. */
  readonly lost: boolean;
}

/** What gave way on a full disk, ever. */
export interface FreedTotals {
  readonly bytes: number;
  /** Deleted unsent. */
  readonly lostFiles: number;
  readonly lostReadings: number;
  /** Of `bytes`, the copies of delivered files: step `completed`. */
  readonly keptFiles: number;
  readonly keptBytes: number;
}

/** An unsent capture file: not delivered, not lost. */
export interface UnsentCapture extends FileAddress {
  readonly id: number;
  readonly recordId: number | null;
  readonly state: FileState | null;
  readonly bytes: number;
  readonly readings: number;
}

/** Totals by collector over all its files. */
export interface CollectorTotals {
  readonly collector: string;
  readonly files: number;
  readonly readings: number;
  readonly bytes: number;
  readonly delivered: number;
  /** Files that were deleted undelivered on a full disk, and the readings in them. */
  readonly lost: number;
  readonly lostReadings: number;
}

/**
 * The journal of capture. Writes are on the disk when their promise resolves. Any method may throw `database_busy`,
 * `database_invalid`, `disk_full`, `disk_failed`.
 */
export interface CaptureJournal {
  /**
   * Enters finished files; one that is known already (a crash came between) is brought up to date instead. May be
   * repeated.
   */
  enter(files: readonly CapturedFile[]): Promise<void>;
  /** Marks a file as deleted unsent. May be repeated. */
  markLost(id: number, atMs: number): Promise<void>;
  /** Notes what gave way. */
  recordFreed(rows: readonly FreedSpace[]): Promise<void>;

  byId(id: number): CaptureLineage | undefined;
  /** Newest first unless reversed. */
  list(filter: CaptureFilter): CaptureLineage[];
  totals(): CollectorTotals[];
  unsent(): UnsentCapture[];
  /** What gave way, newest first. */
  listFreed(limit: number): FreedSpace[];
  /** Sums of all that gave way. */
  freedTotals(): FreedTotals;
  /** The file that has waited longest to be delivered, of any origin. */
  oldestWaiting(): { readonly filepath: string; readonly createdAtMs: number } | undefined;
  waitingTotals(): { readonly files: number; readonly bytes: number };
  /** May be called again. */
  close(): Promise<void>;
}
