import type { FileRecord } from '../keep/store/journal.ts';

/** A record as `deliveries ls --json` and the API show it (station.md, machine shapes). Times are ISO 8601. */
export interface DeliveryLine {
  readonly id: number;
  readonly profile: string;
  readonly bucket: string;
  readonly filepath: string;
  readonly state: FileRecord['state'];
  readonly outcome: FileRecord['outcome'];
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly bytes: number;
  readonly lastUpdated: string;
  readonly lastError: string | null;
  /** Error code of the catalogue behind `lastError`. */
  readonly cause: string | null;
  /** What it waits for besides time: content, or its bucket. */
  readonly waitsFor: FileRecord['hold'];
}

/** Pure. */
export function deliveryLine(record: FileRecord): DeliveryLine {
  const { id, profile, bucket, filepath, state, outcome, attempts, nextAttemptAtMs, size } = record;
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
    lastUpdated: record.lastUpdated,
    lastError: record.errorMessage,
    cause: record.errorCode,
    waitsFor: record.hold,
  };
}
