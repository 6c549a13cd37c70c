import type { Work } from '../engine/work/work.ts';
import type { CloneRecords } from '../keep/store/clone-records.ts';
import type { Store } from '../keep/store/store.ts';

/** What a station keeps in its database. */
export interface Kept {
  readonly store: Store;
  readonly work: Work;
  readonly clones: CloneRecords;
}
