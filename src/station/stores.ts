import type { WorkQueue } from '../engine/queue/work-queue.ts';
import type { CloneRecords } from '../keep/local/clone-records.ts';
import type { Store } from '../keep/store/store.ts';

/** What a station knows, what it is to do, and which clones are on its disk. */
export interface Stores {
  readonly store: Store;
  readonly queue: WorkQueue;
  readonly clones: CloneRecords;
  /** Closes them all; further calls fail. May be repeated. */
  close(): Promise<void>;
}
