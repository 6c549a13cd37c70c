import type { Service } from '../../base/lifecycle.ts';
import type { AlertStore } from './alerts.ts';
import type { CaptureJournal } from './captures.ts';
import type { CloneRecords } from './clone-records.ts';
import type { Journal } from './journal.ts';
import type { PauseStore } from './pauses.ts';
import type { RateStore } from './rates.ts';
import type { ExclusivePlace } from './station-lock.ts';

export interface BackUpOptions {
  readonly signal: AbortSignal;
  /** Called with the share that is done, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

export interface BackUpResult {
  readonly bytes: number;
}

/**
 * What belongs to one machine's disk. Nothing is opened before it is asked for; whoever opens something closes it.
 * Opening may throw `database_*` or `disk_*`.
 */
export interface LocalStore {
  /** Opens the journal of delivery. */
  openJournal(): Promise<Journal>;
  /** Opens the journal of capture. */
  openCaptures(): Promise<CaptureJournal>;
  /** Opens what people are alerted of. */
  openAlerts(): Promise<AlertStore>;
  /** Opens what somebody paused. */
  openPauses(): Promise<PauseStore>;
  /** Opens what was counted over time. */
  openRates(): Promise<RateStore>;
  /** Opens the clone cache's memory. */
  openCloneRecords(): Promise<CloneRecords>;
  /**
   * Copies the whole database as it is at one moment into a file, beside whoever works in it. The file is there, checked
   * and on the disk, once this resolves; until then one of that name stays as it was. May be repeated. Throws `usage`
   * where the file is the database itself, `not_found` where there is no database, `database_*`, `disk_*`, or the
   * signal's reason.
   */
  backUp(file: string, options: BackUpOptions): Promise<BackUpResult>;
  /** What SQLite finds wrong with the file, at most ten findings; nothing where it is whole. Reads all of it. */
  findFaults(): readonly string[];
  /** Makes the lock of a place; it is not taken yet. */
  createLock(place: ExclusivePlace): Service;
}
