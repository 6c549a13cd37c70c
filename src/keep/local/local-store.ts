import type { Service } from '../../base/lifecycle.ts';
import type { CaptureJournal } from './captures.ts';
import type { CloneRecords } from './clone-records.ts';
import type { Journal } from './journal.ts';
import type { ExclusivePlace } from './station-lock.ts';

/**
 * What belongs to one machine's disk. Nothing is opened before it is asked for; whoever opens something closes it.
 * Opening may throw `database_*` or `disk_*`.
 */
export interface LocalStore {
  /** Opens the journal of delivery. */
  openJournal(): Promise<Journal>;
  /** Opens the journal of capture. */
  openCaptures(): Promise<CaptureJournal>;
  /** Opens the clone cache's memory. */
  openCloneRecords(): Promise<CloneRecords>;
  /** Makes the lock of a place; it is not taken yet. */
  createLock(place: ExclusivePlace): Service;
}
