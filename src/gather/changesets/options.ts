import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Config } from '../../config/schema.ts';
import type { EndedWork } from '../../engine/queue/handler.ts';
import type { WorkQueue } from '../../engine/queue/work-queue.ts';
import type { Store } from '../../keep/store/store.ts';
import type { ForgeKind, OpenForge } from '../forges/forge.ts';
import type { ForgeWebhooks } from '../forges/webhook.ts';

/** What code hosts are made of; the composition root knows the implementations. */
export interface ForgeKinds {
  readonly open: OpenForge;
  readonly webhooks: Readonly<Record<ForgeKind, ForgeWebhooks>>;
}

export interface ChangesetsOptions {
  readonly forges: ForgeKinds;
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
