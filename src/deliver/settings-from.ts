import type { Config } from '../config/schema.ts';
import type { Profile } from '../keep/buckets/object-store-definition.ts';
import type { DeliveryPlan } from './plan.ts';
import {
  DELIVERY_DEFAULTS,
  type DeliverySettings,
  type DestinationSettings,
  type FolderSettings,
  type Retention,
} from './settings.ts';

type DeliverConfig = Config['deliver'];

/** The plan that a configuration asks for, with the profiles of its credentials (credentials.ts). */
export function planFrom(config: Config, profiles: readonly Profile[]): DeliveryPlan {
  return { root: config.deliver.directory, profiles, settings: settingsFrom(config) };
}

function settingsFrom({ deliver, sync }: Pick<Config, 'deliver' | 'sync'>): DeliverySettings {
  return {
    ...DELIVERY_DEFAULTS,
    intervalMs: sync.intervalMs,
    automatic: sync.automatic,
    settleMs: deliver.settleMs,
    workers: deliver.workers,
    smallInFlight: deliver.smallAtOnce,
    memoryBytes: deliver.memoryBytes,
    partsAboveBytes: deliver.partsAboveBytes,
    partBytes: deliver.partSizeBytes,
    partsAtOnce: deliver.partsAtOnce,
    verify: deliver.verify,
    emptyFiles: deliver.emptyFiles,
    offline: deliver.offline,
    retry: {
      ...DELIVERY_DEFAULTS.retry,
      firstMs: deliver.retryFirstMs,
      maxMs: deliver.retryLongestMs,
      maxRetries: deliver.retries,
    },
    probeEveryMs: deliver.probeIntervalMs,
    retention: retentionFrom(deliver),
    gate: gateFrom(deliver.gate),
    folders: deliver.folders.map(folderFrom),
    destinations: deliver.destinations.map(destinationFrom),
  };
}

function retentionFrom(deliver: DeliverConfig): Retention {
  const { keepCompleted: keep, keepCompletedForMs, keepCompletedUpToBytes } = deliver;
  if (keepCompletedForMs === undefined && keepCompletedUpToBytes === undefined) return { keep };
  const infinite = Number.POSITIVE_INFINITY;
  return { keep: 'within', ms: keepCompletedForMs ?? infinite, bytes: keepCompletedUpToBytes ?? infinite };
}

function gateFrom(gate: DeliverConfig['gate']): DeliverySettings['gate'] {
  if (gate?.command !== undefined) return { command: gate.command, timeoutMs: gate.timeoutMs };
  if (gate?.url !== undefined) return { url: gate.url, timeoutMs: gate.timeoutMs };
  return null;
}

function folderFrom({ path, to, settleMs, after }: DeliverConfig['folders'][number]): FolderSettings {
  const [profile = '', bucket = '', ...prefix] = to.slice('s3://'.length).split('/');
  return { path, profile, bucket, prefix: prefix.join('/'), settleMs, after };
}

function destinationFrom(one: DeliverConfig['destinations'][number]): DestinationSettings {
  const { prefix, storageClass, encryption, encryptionKey: keyId } = one;
  return {
    match: one.for,
    tags: one.tags,
    tagSegments: one.tagSegments,
    ...(prefix === undefined ? {} : { prefix }),
    ...(storageClass === undefined ? {} : { storageClass }),
    ...(encryption === undefined
      ? {}
      : { encryption: { algorithm: encryption, ...(keyId === undefined ? {} : { keyId }) } }),
  };
}
