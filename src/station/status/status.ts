import type { Config } from '../../config/schema.ts';
import type { EndpointStatus } from '../../deliver/queue/endpoint-monitor.ts';
import type { HoldStatus } from '../../deliver/queue/hold-status.ts';
import type { DeliveryStatus } from '../../deliver/service.ts';
import type { WorkQueue } from '../../engine/queue/work-queue.ts';
import type { CaptureStatus } from '../../gather/capture/service.ts';
import type { BakeProgress } from '../../gather/repos/bake/bake.ts';
import { type ChurnStatus, churnStatus } from '../../gather/repos/churn/status.ts';
import type { Repositories } from '../../gather/repos/service.ts';
import { urlOfRepositoryKey } from '../../gather/repos/tracking/schedule.ts';
import type { CloneRecords } from '../../keep/local/clone-records.ts';
import type { Store } from '../../keep/store/store.ts';
import type { ChangesetFigures } from './changeset-figures.ts';
import { type StationDisk, stationDisks } from './disks.ts';

/** The station at a glance: the body of `/api/v1/status` and of `sluice status --json`. */
export interface StationStatus {
  readonly station: StationFacts;
  readonly schedule: {
    /** Targets that have a time. */
    readonly size: number;
    /** Those whose time has come and that wait for a worker. */
    readonly due: number;
    /** How late the one that waits longest is. */
    readonly behindS: number;
    readonly running: number;
    /** Of those that wait: raised, first in line. */
    readonly raised: number;
    readonly next: readonly ScheduledItem[];
  };
  readonly repos: {
    readonly known: number;
    readonly tracked: number;
    readonly failing: number;
    /**
     * The failing ones, as many as fit: gone, private, moved, unreachable, or failing otherwise, and what was said
     * last.
     */
    readonly troubled: readonly {
      readonly url: string;
      readonly state: string;
      readonly error: string | null;
    }[];
    readonly commits: number;
    readonly baking: readonly RunningBake[];
    readonly churn: ChurnStatus;
  };
  readonly changesets: ChangesetFigures;
  readonly deliveries: DeliveryFigures;
  readonly capture: CaptureStatus;
  /** What is known of the far sides: `online`, `offline`, `unhealthy` or `unknown`, and since when (ISO 8601). */
  readonly links: readonly { readonly endpoint: string; readonly state: string; readonly since: string }[];
  /** Places that cannot be used just now: what is wrong, what to do about it, and how many files wait for it. */
  readonly holds: readonly HeldPlaceFigures[];
  /** The clones on disk. */
  readonly cache: {
    readonly clones: number;
    readonly usedBytes: number;
    /** Null: no limit but the disk. */
    readonly maxBytes: number | null;
    readonly minFreeBytes: number;
  };
  /** The disk of the spool, which what waits to be delivered lies on. */
  readonly disk: {
    readonly freeBytes: number;
    readonly totalBytes: number;
    readonly cacheDirectory: string;
  };
  /** Every disk that the station uses, the spool's first. */
  readonly disks: readonly StationDisk[];
}

/**
 * Files by state; `waiting` are those of incoming and processing that are not on their way right now, `unproven`
 * those that nothing proves to have arrived: they are kept until something does.
 */
export type DeliveryFigures = Pick<
  DeliveryStatus,
  'incoming' | 'processing' | 'completed' | 'failed' | 'waiting' | 'uploading' | 'unproven' | 'left'
> & {
  /** The folder with the areas of the spool. */
  readonly directory: string;
  /** Names of the profiles that files are delivered to; none while nothing runs. */
  readonly profiles: readonly string[];
  /** Whether files go by themselves now: automatically, and the gate is open. */
  readonly syncing: boolean;
  /** Since when the file is on its way that has been for longest (ISO 8601); null where none is. */
  readonly oldestWaitingAt: string | null;
};

/** `kind` is endpoint, profile, bucket or disk; `since` (ISO 8601) is null where it was held before this run. */
export type HeldPlaceFigures = Omit<HoldStatus, 'sinceMs'> & { readonly since: string | null };

export interface StationFacts {
  readonly version: string;
  readonly uptimeS: number;
  /** `down` where nothing runs and the database alone was read. */
  readonly mode: 'up' | 'down';
  readonly pid: number | null;
  readonly root: string;
  readonly database: string;
}

export interface ScheduledItem {
  readonly target: string;
  /** ISO 8601. */
  readonly at: string;
  readonly reason: string;
}

export interface RunningBake {
  readonly url: string;
  readonly phase: 'room' | 'fetch' | 'history';
  /** In words: git's own progress line, or commits so far. */
  readonly progress: string;
}

const NEXT_SHOWN = 10;
const TROUBLED_SHOWN = 20;

/** Reads the figures together. Throws `database_*`. */
export async function readStatus(options: {
  readonly store: Store;
  readonly queue: WorkQueue;
  readonly station: StationFacts;
  readonly clones: CloneRecords;
  readonly config: Config;
  readonly running: Repositories['running'];
  readonly deliveries: GivenDeliveryFigures;
  readonly links: readonly EndpointStatus[];
  readonly holds: readonly HoldStatus[];
  readonly changesets: ChangesetFigures;
  readonly capture: CaptureStatus;
}): Promise<StationStatus> {
  const { store, queue, clones, config, running } = options;
  const [counts, upcoming, repositories, onDisk, disks] = await Promise.all([
    queue.counts(),
    queue.upcoming(NEXT_SHOWN),
    store.repositories.list(),
    clones.totals(),
    stationDisks(config),
  ]);
  const troubled = repositories.filter(({ state }) => state !== 'ok' && state !== 'new');
  return {
    station: options.station,
    schedule: {
      size: counts.size,
      due: counts.due,
      behindS: Math.round(counts.behindMs / 1000),
      running: counts.running,
      raised: counts.raised,
      next: upcoming.map(({ key, runAtMs, reason }) => ({
        target: urlOfRepositoryKey(key),
        at: new Date(runAtMs).toISOString(),
        reason,
      })),
    },
    repos: {
      known: repositories.length,
      tracked: repositories.filter(({ tracked }) => tracked).length,
      failing: troubled.length,
      troubled: troubled
        .slice(0, TROUBLED_SHOWN)
        .map(({ url, state, lastError }) => ({ url, state, error: lastError })),
      commits: repositories.reduce((sum, { totals }) => sum + totals.commits, 0),
      baking: [...running.syncs].map(([url, progress]) => describeBake(url, progress)),
      churn: await churnStatus(repositories, queue, config, running.churn),
    },
    changesets: options.changesets,
    deliveries: deliveryFigures(options.deliveries, config.deliver.directory),
    capture: options.capture,
    links: options.links.map(({ endpoint, state, sinceMs }) => ({
      endpoint,
      state,
      since: new Date(sinceMs).toISOString(),
    })),
    holds: options.holds.map(({ sinceMs, ...hold }) => ({
      ...hold,
      since: sinceMs === null ? null : new Date(sinceMs).toISOString(),
    })),
    cache: {
      clones: onDisk.clones,
      usedBytes: onDisk.bytes,
      maxBytes: config.cache.maxSizeBytes ?? null,
      minFreeBytes: config.cache.minFreeDiskBytes,
    },
    disk: {
      freeBytes: disks[0]?.freeBytes ?? 0,
      totalBytes: disks[0]?.totalBytes ?? 0,
      cacheDirectory: config.cache.directory,
    },
    disks,
  };
}

type Optional = 'uploading' | 'left' | 'profiles' | 'syncing';
type Dated = { readonly oldestWaitingAtMs: number | null };
/** As delivery has them; where nothing runs, as the journal has them. */
type GivenDeliveryFigures = Omit<DeliveryFigures, 'directory' | 'oldestWaitingAt' | Optional> &
  Dated &
  Partial<Pick<DeliveryFigures, Optional>>;

function deliveryFigures(figures: GivenDeliveryFigures, directory: string): DeliveryFigures {
  const { incoming, processing, completed, failed, waiting, unproven } = figures;
  const { uploading = 0, left = [], profiles = [], syncing = false } = figures;
  const counts = { incoming, processing, completed, failed, waiting, uploading, unproven, left };
  const { oldestWaitingAtMs } = figures;
  const oldestWaitingAt = oldestWaitingAtMs === null ? null : new Date(oldestWaitingAtMs).toISOString();
  return { ...counts, directory, profiles, syncing, oldestWaitingAt };
}

/** A bake under way, in words. */
function describeBake(url: string, progress: BakeProgress | undefined): RunningBake {
  if (!progress) return { url, phase: 'fetch', progress: 'starting' };
  if (progress.phase !== 'history') return { url, phase: progress.phase, progress: progress.text };
  const { commits, perSecond } = progress;
  return { url, phase: 'history', progress: `${commits} commits read, ${Math.round(perSecond)}/s` };
}
