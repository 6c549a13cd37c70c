import { availableParallelism } from 'node:os';
import { DELIVERY_RETRY, type RetrySchedule } from '../engine/retry.ts';

/** What becomes of a delivered file in `completed` (S6). */
export type Retention =
  | { readonly keep: 'always' | 'never' }
  /** So long, and so much altogether; Infinity where one is no limit. */
  | { readonly keep: 'within'; readonly ms: number; readonly bytes: number };

/** How objects are stored at one destination (S10). */
export interface DestinationSettings {
  /** `profile`, or `profile/bucket`; the longer one counts. */
  readonly match: string;
  readonly prefix?: string;
  readonly storageClass?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly encryption?: { readonly algorithm: string; readonly keyId?: string };
  /** Path segments `tag=NAME` become tags. */
  readonly tagSegments?: boolean;
}

/** A folder that is delivered from where it lies (V4). */
export interface FolderSettings {
  readonly path: string;
  readonly profile: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly settleMs: number;
  readonly after: 'keep' | 'delete' | 'completed';
}

/** A question asked before each scheduled sync (V6). */
export type GateSettings =
  | { readonly command: string; readonly timeoutMs: number }
  | { readonly url: string; readonly timeoutMs: number };

/** What delivery does, with every default filled in. */
export interface DeliverySettings {
  /** Pause between two reconciling sweeps, and between two questions to the gate (V1, V9). */
  readonly intervalMs: number;
  /** False: only a manual sync delivers (V7). */
  readonly automatic: boolean;
  readonly settleMs: number;
  /** Large transfers at once. */
  readonly workers: number;
  /** Small transfers at once. */
  readonly smallInFlight: number;
  /** Memory that bodies under way may take. */
  readonly memoryBytes: number;
  /** Larger files go in parts. */
  readonly partsAboveBytes: number;
  readonly partBytes: number;
  readonly partsAtOnce: number;
  readonly verify: 'head' | 'answer';
  readonly emptyFiles: 'wait' | 'upload';
  readonly retention: Retention;
  readonly retry: RetrySchedule;
  /** Whether tries count while the link is down (V10). */
  readonly offline: 'count' | 'hold';
  readonly probeEveryMs: number;
  readonly bucketCacheMs: number;
  readonly gate: GateSettings | null;
  readonly folders: readonly FolderSettings[];
  readonly destinations: readonly DestinationSettings[];
  /** How often upload statistics are logged (V11). */
  readonly statisticsEveryMs: number;
}

const MIB = 2 ** 20;

/** V9 and the measured values of DESIGN.md. */
export const DELIVERY_DEFAULTS: DeliverySettings = {
  intervalMs: 6_000,
  automatic: true,
  settleMs: 10_000,
  workers: Math.max(1, Math.floor(availableParallelism() / 2)),
  smallInFlight: 256,
  memoryBytes: 64 * MIB,
  partsAboveBytes: 16 * MIB,
  partBytes: 8 * MIB,
  partsAtOnce: 4,
  verify: 'head',
  emptyFiles: 'wait',
  retention: { keep: 'always' },
  retry: DELIVERY_RETRY,
  offline: 'hold',
  probeEveryMs: 60_000,
  bucketCacheMs: 5 * 60_000,
  gate: null,
  folders: [],
  destinations: [],
  statisticsEveryMs: 60_000,
};

/** What holds for a bucket: the settings of `profile/bucket` over those of `profile`. */
export function destinationFor(
  settings: Pick<DeliverySettings, 'destinations'>,
  profile: string,
  bucket: string,
): Omit<DestinationSettings, 'match'> {
  const of = (match: string) => settings.destinations.find(one => one.match === match);
  return { ...of(profile), ...of(`${profile}/${bucket}`) };
}
