import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Config } from '../../config/schema.ts';
import type { EndedWork } from '../../engine/queue/handler.ts';
import type { WorkQueue } from '../../engine/queue/work-queue.ts';
import type { Store } from '../../keep/store/store.ts';
import type { ForgeImplementations } from '../forges/definitions.ts';

export interface ChangesetsOptions {
  readonly forges: ForgeImplementations;
  readonly config: () => Config;
  readonly stores: () => { readonly store: Store; readonly queue: WorkQueue };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** A push was announced for a repository. */
  readonly onPush: (repositoryUrl: string) => Promise<void>;
  /** Told of every piece of work that is over, for metrics. */
  readonly onEnd?: (ended: EndedWork) => void;
}
