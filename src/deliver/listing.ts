import type { FileRecord } from '../keep/local/journal.ts';

/** A line of `deliveries ls --json` and of the API's list; its keys stay as they are. */
export interface ListedDelivery {
  readonly id: number;
  readonly profile: string;
  readonly bucket: string;
  readonly filepath: string;
  readonly state: FileRecord['state'];
  readonly outcome: FileRecord['outcome'];
  readonly attempts: number;
  /** ISO 8601; null when it waits for no time. */
  readonly nextAttemptAt: string | null;
  readonly bytes: number;
  /** As `updatedAt`, under its older name. */
  readonly lastUpdated: string;
  readonly updatedAt: string;
  readonly lastError: { readonly code: string; readonly message: string } | null;
  /** `empty`, `bucket`, `bucket_held` or `folder_held`: what it waits for instead of a time. */
  readonly hold: FileRecord['hold'];
  /** Whether its file is still in the spool. */
  readonly present: boolean;
}

/** A record as people and scripts are shown it. Pure. */
export function toListedDelivery(record: FileRecord): ListedDelivery {
  const { id, profile, bucket, filepath, state, outcome, attempts, lastUpdated, hold } = record;
  const { nextAttemptAtMs, errorCode, errorMessage, removedAtMs, size } = record;
  return {
    id,
    profile,
    bucket,
    filepath,
    state,
    outcome,
    attempts,
    nextAttemptAt: nextAttemptAtMs === null ? null : new Date(nextAttemptAtMs).toISOString(),
    bytes: size,
    lastUpdated,
    updatedAt: lastUpdated,
    lastError: errorCode === null ? null : { code: errorCode, message: errorMessage ?? '' },
    hold,
    present: removedAtMs === null,
  };
}

/** What every line of the log about a file carries. */
export function logFields(record: FileRecord) {
  return { profile: record.profile, bucket: record.bucket, path: record.filepath, record: record.id };
}
