import type { Logger } from '../base/log.ts';
import type { Config } from '../config/schema.ts';
import type { Profile } from '../keep/buckets/object-store-definition.ts';
import { findProfiles } from '../keep/buckets/profiles.ts';
import { type DeliverySettings, settingsFrom } from './settings.ts';

/** What delivery is to do: where its folders are, for whom, and how. Plain data. */
export interface DeliveryPlan {
  /** The station folder: `incoming` and the other areas are made in it. */
  readonly root: string;
  readonly profiles: readonly Profile[];
  readonly settings: DeliverySettings;
}

/** The plan that a configuration asks for; reads the credentials files anew. Throws `credentials_*`. */
export async function planDelivery(
  config: Config,
  env: NodeJS.ProcessEnv,
  log: Logger,
): Promise<DeliveryPlan> {
  const { directory: root, credentials, onlyCredentials } = config.deliver;
  const profiles = await findProfiles({ credentials, onlyCredentials, environment: env, root, log });
  return { root, profiles, settings: settingsFrom(config) };
}

/** Whether both plans ask for the same. */
export function isSamePlan(one: DeliveryPlan, other: DeliveryPlan): boolean {
  return fingerprint(one) === fingerprint(other);
}

/** Whether both plans differ in nothing but what a single file is sent by, which each attempt looks at anew. */
export function isSameButForFiles(one: DeliveryPlan, other: DeliveryPlan): boolean {
  return fingerprint(withoutFileSettings(one)) === fingerprint(withoutFileSettings(other));
}

function withoutFileSettings({ settings, ...plan }: DeliveryPlan): unknown {
  const { destinations, partsAboveBytes, partBytes, partsAtOnce, verify, retry, ...others } = settings;
  return { ...plan, settings: others };
}

/** Equal for equal plans. Secrets count, though they are not shown anywhere. */
function fingerprint(plan: unknown): string {
  return JSON.stringify(plan, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && 'reveal' in value && typeof value.reveal === 'function'
      ? String(value.reveal())
      : value === Number.POSITIVE_INFINITY
        ? 'Infinity'
        : value,
  );
}
