import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { ObjectStore } from '../keep/buckets/bucket.ts';
import type { Profile } from '../keep/buckets/credentials.ts';
import type { Journal } from '../keep/store/journal.ts';
import type { DeliverySettings } from './settings.ts';
import type { Watch, WatchOptions } from './watch/watch.ts';

/** What delivery is to do: where its folders are, for whom, and how. */
export interface DeliveryPlan {
  /** The station folder: `incoming` and the other areas are made in it (F13). */
  readonly root: string;
  readonly profiles: readonly Profile[];
  readonly settings: DeliverySettings;
}

export interface DeliveryOptions {
  readonly plan: DeliveryPlan;
  readonly openJournal: () => Promise<Journal>;
  readonly openStore: (profile: Profile) => ObjectStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: Random;
  /** Awaited before each scheduled sync that may run and before each manual one: what gathers files hands them over (capture.md, V3). */
  readonly beforeSync?: (manual: boolean) => Promise<void>;
  /** How the incoming area is watched; a test may give its own. */
  readonly openWatch?: (options: WatchOptions) => Watch;
}
