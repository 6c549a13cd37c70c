import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Config } from '../config/schema.ts';
import type { Ended } from '../engine/work/handler.ts';
import type { Work } from '../engine/work/work.ts';
import type { ForgeKind, OpenForge } from '../gather/forges/forge.ts';
import type { ForgeWebhooks } from '../gather/forges/webhook.ts';
import type { Store } from '../keep/store/store.ts';

/** What code hosts are made of; the composition root knows the implementations. */
export interface ForgeKinds {
  readonly open: OpenForge;
  readonly webhooks: Readonly<Record<ForgeKind, ForgeWebhooks>>;
}

export interface ChangesetsOptions {
  readonly forges: ForgeKinds;
  readonly config: () => Config;
  readonly keep: () => { readonly store: Store; readonly work: Work };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** A push was announced for a repository. */
  readonly onPush: (repositoryUrl: string) => Promise<void>;
  /** Told of every piece of work that is over, for metrics. */
  readonly onEnd?: (ended: Ended) => void;
}
