import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Config } from '../../config/schema.ts';
import type { WorkQueue } from '../../engine/queue/work-queue.ts';
import type { Store } from '../../keep/store/store.ts';

/** What work on repositories is done with, in a station or in a command beside one; who needs more adds it. */
export interface RepositoryContext {
  /** As it is now: it may change between two pieces of work. */
  readonly config: () => Config;
  readonly store: Store;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What puts something on the schedule, by the configuration's rhythm. */
export type ScheduleContext = Pick<RepositoryContext, 'config' | 'store' | 'queue' | 'clock'>;
