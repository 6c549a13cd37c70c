import type { WorkQueue } from '../engine/queue/work-queue.ts';
import type { CloneRecords } from '../keep/local/clone-records.ts';
import type { Store } from '../keep/store/store.ts';

/** What a station keeps in its database. */
export interface Stores {
  readonly store: Store;
  readonly queue: WorkQueue;
  readonly clones: CloneRecords;
}
