import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { ObjectStore } from '../keep/buckets/bucket.ts';
import type { Profile } from '../keep/buckets/object-store-definition.ts';
import type { Journal } from '../keep/local/journal.ts';
import type { Watch, WatchOptions } from './intake/watch/watch.ts';
import type { DeliverySettings } from './settings.ts';

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

/** Equal for plans that ask for the same. Secrets count, though they are not shown anywhere. */
export function fingerprint(plan: unknown): string {
  return JSON.stringify(plan, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && 'reveal' in value && typeof value.reveal === 'function'
      ? String(value.reveal())
      : value === Number.POSITIVE_INFINITY
        ? 'Infinity'
        : value,
  );
}

/** A plan without the settings that are looked at for each file anew, when its flight begins. */
export function beyondFiles({ settings, ...plan }: DeliveryPlan): unknown {
  const { destinations, partsAboveBytes, partBytes, partsAtOnce, verify, retry, ...others } = settings;
  return { ...plan, settings: others };
}
