import type { SelectionSetup } from '../base/globs.ts';
import { parseRateTimetable, type RateTimetable } from '../base/rate-timetable.ts';
import type { Config } from '../config/schema.ts';
import type { RetrySchedule } from '../engine/retry.ts';

/** What becomes of a delivered file in `completed`. */
export type Retention =
  | { readonly keep: 'always' | 'never' }
  /** So long, and so much altogether; Infinity where one is no limit. */
  | { readonly keep: 'within'; readonly ms: number; readonly bytes: number };

/** How objects are stored at one destination. */
export interface DestinationSettings {
  /** `profile`, or `profile/bucket`; the longer one counts. */
  readonly match: string;
  readonly prefix?: string;
  readonly storageClass?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly cacheControl?: string;
  /** Beside what sluice keeps itself. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly acl?: string;
  /** How long an object is kept from being deleted, from when it is sent on; no time: only by a legal hold. */
  readonly lock?: {
    readonly mode: 'governance' | 'compliance';
    readonly ms?: number;
    readonly legalHold: boolean;
  };
  readonly encryption?: { readonly algorithm: string; readonly keyId?: string };
  /** Whether what its bucket holds already is not sent. */
  readonly adopt?: boolean;
  /** Path segments `tag=NAME` become tags. */
  readonly tagSegments?: boolean;
}

/** A folder that is delivered from where it lies. */
export interface FolderSettings {
  readonly path: string;
  readonly profile: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly settleMs: number;
  readonly after: 'keep' | 'delete' | 'completed';
  /** Whether what the bucket holds already is not sent. */
  readonly adopt?: boolean;
  /** Which of its files are taken; all where it is not given. */
  readonly selection?: SelectionSetup;
}

/** Programs with their arguments, run after deliveries. */
export interface HookSettings {
  readonly delivered?: readonly string[] | undefined;
  readonly failed?: readonly string[] | undefined;
  readonly timeoutMs: number;
  /** Of both, at once. */
  readonly atOnce: number;
}

/** A question asked before each scheduled sync. */
export type GateSettings =
  | { readonly command: string; readonly timeoutMs: number }
  | { readonly url: string; readonly timeoutMs: number };

/** What delivery does, with every default filled in. */
export interface DeliverySettings extends Readonly<typeof FIXED_SETTINGS> {
  /** Pause between two reconciling sweeps, and between two passes of maintenance. */
  readonly intervalMs: number;
  /** False: only a manual sync delivers. */
  readonly automatic: boolean;
  readonly settleMs: number;
  readonly settleAfterCloseMs: number;
  /** Globs of names under which programs write before they rename. */
  readonly temporaryNames: readonly string[];
  /** Globs of what is never taken. */
  readonly ignore: readonly string[];
  /** Large transfers at once. */
  readonly workers: number;
  /** Small transfers at once. */
  readonly smallAtOnce: number;
  /** Files at once, by profile. */
  readonly atOnce: Readonly<Record<string, number>>;
  /** How fast what goes to object stores may go together, by time of day. */
  readonly bandwidth?: RateTimetable | undefined;
  /** Memory that bodies under way may take. */
  readonly memoryBytes: number;
  /** Larger files go in parts. */
  readonly partsAboveBytes: number;
  readonly partBytes: number;
  readonly partsAtOnce: number;
  readonly verify: 'head' | 'answer';
  readonly emptyFiles: 'wait' | 'upload';
  /** Which files with several names are taken: those that their owner put there, or all. */
  readonly hardLinks: 'own' | 'any';
  readonly retention: Retention;
  readonly retry: RetrySchedule;
  /** Whether tries count while the endpoint cannot be reached. */
  readonly offline: 'count' | 'hold';
  readonly probeIntervalMs: number;
  readonly gate: GateSettings | null;
  readonly hooks?: HookSettings | undefined;
  readonly folders: readonly FolderSettings[];
  readonly destinations: readonly DestinationSettings[];
}

/**
 * Defaults of what users may set stand in the configuration's schema (config/sections/deliver.ts and sync.ts) and
 * nowhere else. Here is what they may not set, since no value but these was ever wanted; tests set it. What bounds
 * memory or the length of a batch, or paces one mechanism, is a constant of the file that works with it.
 */
const FIXED_SETTINGS = {
  /** How long a bucket counts as there, and a server as answering no HEAD, without being asked again. */
  bucketCacheMs: 5 * 60_000,
  /** How long a bucket counts as missing before it is asked for again. */
  missingBucketMs: 30_000,
  /** How long the start waits for the names of the buckets, for which it makes folders. */
  bucketListPatienceMs: 1_000,
  /** How long uploads may go on after a stop was asked for. */
  stopGraceMs: 2_000,
  /** How long a file under a temporary name must have stayed the same. */
  temporaryRestMs: 60_000,
  /** How often upload statistics are logged. */
  statisticsEveryMs: 60_000,
};

/** What of the retry schedule users may not set: doubling waits, spread a little; no try that would only fail again. */
const FIXED_RETRY = { factor: 2, jitter: 0.2, permanent: 'give-up' } as const;

/** The settings that a configuration asks for. Pure. */
export function settingsFrom({ deliver, sync }: Pick<Config, 'deliver' | 'sync'>): DeliverySettings {
  return {
    ...FIXED_SETTINGS,
    intervalMs: sync.intervalMs,
    automatic: sync.automatic,
    settleMs: deliver.settleMs,
    settleAfterCloseMs: deliver.settleAfterCloseMs,
    temporaryNames: deliver.temporaryNames,
    ignore: deliver.ignore,
    workers: deliver.workers,
    smallAtOnce: deliver.smallAtOnce,
    atOnce: deliver.atOnce,
    bandwidth: timetableFrom(deliver.bandwidth),
    memoryBytes: deliver.memoryBytes,
    partsAboveBytes: deliver.partsAboveBytes,
    partBytes: deliver.partSizeBytes,
    partsAtOnce: deliver.partsAtOnce,
    verify: deliver.verify,
    emptyFiles: deliver.emptyFiles,
    hardLinks: deliver.hardLinks,
    offline: deliver.offline,
    retry: {
      ...FIXED_RETRY,
      firstMs: deliver.retryFirstMs,
      maxMs: deliver.retryLongestMs,
      maxRetries: deliver.retries,
    },
    probeIntervalMs: deliver.probeIntervalMs,
    retention: retentionFrom(deliver),
    gate: gateFrom(deliver.gate),
    hooks: deliver.hooks,
    folders: deliver.folders.map(folderFrom),
    destinations: deliver.destinations.map(destinationFrom),
  };
}

/** What holds for a bucket: the settings of `profile/bucket` over those of `profile`. Pure. */
export function destinationFor(
  { destinations }: Pick<DeliverySettings, 'destinations'>,
  profile: string,
  bucket: string,
): Omit<DestinationSettings, 'match'> {
  if (destinations.length === 0) return {};
  const ofProfile = destinations.find(one => one.match === profile);
  const ofBucket = destinations.find(one => one.match === `${profile}/${bucket}`);
  if (!ofProfile || !ofBucket) return ofBucket ?? ofProfile ?? {};
  const { prefix, storageClass, tags, tagSegments, cacheControl, metadata, acl, lock, encryption, adopt } =
    ofBucket;
  return {
    prefix: prefix ?? ofProfile.prefix,
    storageClass: storageClass ?? ofProfile.storageClass,
    tags: tags ?? ofProfile.tags,
    tagSegments: tagSegments ?? ofProfile.tagSegments,
    cacheControl: cacheControl ?? ofProfile.cacheControl,
    metadata: metadata ?? ofProfile.metadata,
    acl: acl ?? ofProfile.acl,
    lock: lock ?? ofProfile.lock,
    encryption: encryption ?? ofProfile.encryption,
    adopt: adopt ?? ofProfile.adopt,
  };
}

type DeliverConfig = Config['deliver'];

function timetableFrom(text: string | undefined): RateTimetable | undefined {
  const timetable = text === undefined ? undefined : parseRateTimetable(text);
  // What the configuration lets pass is one.
  return typeof timetable === 'string' ? undefined : timetable;
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

function folderFrom(one: DeliverConfig['folders'][number]): FolderSettings {
  const { path, to, settleMs, after, include, exclude, adopt } = one;
  const selection = include.length + exclude.length > 0 ? { include, exclude } : undefined;
  const [profile = '', bucket = '', ...prefix] = to.slice('s3://'.length).split('/');
  return { path, profile, bucket, prefix: prefix.join('/'), settleMs, after, selection, adopt };
}

function destinationFrom(one: DeliverConfig['destinations'][number]): DestinationSettings {
  const { prefix, storageClass, tags, tagSegments, cacheControl, metadata } = one;
  const { encryption, encryptionKey: keyId, adopt, acl, lock } = one;
  return {
    match: one.for,
    prefix,
    storageClass,
    tags,
    tagSegments,
    cacheControl,
    metadata,
    adopt,
    acl,
    lock: lock && { mode: lock.mode, ms: lock.forMs, legalHold: lock.legalHold },
    encryption: encryption === undefined ? undefined : { algorithm: encryption, keyId },
  };
}
