import type { Logger } from '../base/log.ts';
import type { Config } from '../config/schema.ts';
import { Secret } from '../keep/buckets/credentials/secret.ts';
import { definitionOf } from '../keep/buckets/definitions.ts';
import type { Profile } from '../keep/buckets/object-store-definition.ts';
import { findProfiles } from '../keep/buckets/profiles.ts';
import { refuseCircles } from './circles.ts';
import { refuseSecondNames } from './second-names.ts';
import { type DeliverySettings, settingsFrom } from './settings.ts';

/** What delivery is to do: where its folders are, for whom, and how. Plain data. */
export interface DeliveryPlan {
  /** The station folder: `incoming` and the other areas are made in it. */
  readonly root: string;
  readonly profiles: readonly Profile[];
  readonly settings: DeliverySettings;
}

/**
 * The plan that a configuration asks for; reads the credentials files anew. Throws `credentials_*`, and `config_invalid`
 * where what is delivered would arrive as something to deliver, or a folder is delivered under two names.
 */
export async function planDelivery(
  config: Config,
  env: NodeJS.ProcessEnv,
  log: Logger,
): Promise<DeliveryPlan> {
  const { deliver } = config;
  const profiles = await findProfiles({ deliver, env }, log);
  const plan = { root: deliver.directory, profiles, settings: settingsFrom(config) };
  refuseSecondNames(plan);
  refuseCircles(plan);
  return plan;
}

/** Whether both plans ask for the same. */
export function isSamePlan(one: DeliveryPlan, other: DeliveryPlan): boolean {
  return fingerprint(one) === fingerprint(other);
}

/**
 * Whether both plans differ in nothing but what a single file is sent by, which each attempt looks at anew: settings, and
 * the keys of profiles, which open stores take over.
 */
export function isSameButForFiles(one: DeliveryPlan, other: DeliveryPlan): boolean {
  return fingerprint(withoutFileSettings(one)) === fingerprint(withoutFileSettings(other));
}

function withoutFileSettings({ settings, profiles, ...plan }: DeliveryPlan): unknown {
  const { destinations, bandwidth, partsAboveBytes, partBytes, partsAtOnce, verify, retry, ...others } =
    settings;
  const places = profiles.map(profile => definitionOf(profile).withoutKey?.(profile) ?? profile);
  return { ...plan, profiles: places, settings: others };
}

/** Equal for equal plans. Secrets count, though they are not shown anywhere. */
function fingerprint(plan: unknown): string {
  // A secret's own form in JSON hides it, and comes before the replacer: it is taken from what holds it.
  return JSON.stringify(plan, function replace(this: Record<string, unknown>, key: string, value: unknown) {
    const held = this[key];
    if (held instanceof Secret) return held.reveal();
    return value === Number.POSITIVE_INFINITY ? 'Infinity' : value;
  });
}
