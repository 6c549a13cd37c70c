import type { Logger } from '../../../base/log.ts';
import type { CloneRecords } from '../../../keep/local/clone-records.ts';
import type { CloneClaimContext } from '../clone/claim.ts';
import type { ColdStorage } from './cold/cold-storage.ts';
import type { CacheSettings } from './settings.ts';

/** What the cache works with, the same for all its steps. */
export interface CacheContext extends CloneClaimContext {
  readonly clones: CloneRecords;
  readonly log: Logger;
  /** As they are now. */
  readonly settings: () => CacheSettings;
  readonly cold: ColdStorage;
  /** Aborts when the cache closes. */
  readonly closing: AbortSignal;
  /** What may still be written to the file system of a folder. */
  readonly freeBytes: (directory: string) => Promise<number>;
}
