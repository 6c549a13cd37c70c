import { shownCapture } from '../../api/capture.ts';
import type { Answer } from '../../api/operations.ts';
import { isoOrNull, isoTime } from '../../base/units.ts';
import type { Config } from '../../config/schema.ts';
import type { EndpointStatus } from '../../deliver/queue/endpoint-monitor.ts';
import type { HoldStatus } from '../../deliver/queue/hold-status.ts';
import type { WorkQueue } from '../../engine/queue/work-queue.ts';
import type { CaptureStatus } from '../../gather/capture/service.ts';
import type { BakeProgress } from '../../gather/repos/bake/bake.ts';
import { churnStatus } from '../../gather/repos/churn/status.ts';
import type { Repositories } from '../../gather/repos/service.ts';
import { urlOfRepositoryKey } from '../../gather/repos/tracking/schedule.ts';
import type { CloneRecords } from '../../keep/local/clone-records.ts';
import type { Pause } from '../../keep/local/pauses.ts';
import type { Store, StoreOutage } from '../../keep/store/store.ts';
import type { ChangesetFigures } from './changeset-figures.ts';
import { stationDisks } from './disks.ts';

/** The station at a glance: the body of `/api/v1/status` and of `sluice status --json`. */
export type StationStatus = Answer<'getStatus'>;

export interface StationFacts {
  readonly version: string;
  readonly uptimeMs: number;
  /** `down` where nothing runs and the database alone was read. */
  readonly mode: 'up' | 'down';
  readonly pid: number | null;
  readonly root: string;
  readonly database: string;
}

type DeliveryFigures = StationStatus['deliveries'];
type RunningBake = StationStatus['repos']['baking'][number];

const NEXT_SHOWN = 10;
const TROUBLED_SHOWN = 20;

/** What the status has from the store. */
export type StoredFigures = Pick<StationStatus, 'schedule' | 'repos' | 'changesets' | 'stations'>;

/** What the store has, or had. */
export interface KnownFigures {
  readonly figures: StoredFigures;
  /** When they were true; undefined: now. */
  readonly figuresAtMs?: number;
  readonly outage?: StoreOutage | undefined;
}

/** Reads what the store knows. Throws `database_*`. */
export async function readStoredFigures(options: {
  readonly store: Pick<Store, 'repositories' | 'stations'>;
  readonly queue: WorkQueue;
  readonly config: Config;
  readonly running: Repositories['running'];
  readonly changesets: ChangesetFigures | Promise<ChangesetFigures>;
}): Promise<StoredFigures> {
  const { store, queue, config, running } = options;
  const [counts, upcoming, figures, troubled, ofChurn, changesets, stations] = await Promise.all([
    queue.counts(),
    queue.upcoming(NEXT_SHOWN),
    store.repositories.figures(),
    store.repositories.list({ choice: 'failing', limit: TROUBLED_SHOWN }),
    mayWantChurn(config) ? store.repositories.list() : [],
    options.changesets,
    store.stations.list(),
  ]);
  return {
    schedule: {
      size: counts.size,
      due: counts.due,
      behindS: Math.round(counts.behindMs / 1000),
      behindMs: counts.behindMs,
      running: counts.running,
      raised: counts.raised,
      next: upcoming.map(({ key, runAtMs, reason }) => ({
        target: urlOfRepositoryKey(key),
        dueAt: isoTime(runAtMs),
        reason,
      })),
    },
    repos: {
      ...figures,
      troubled: troubled.map(({ url, state, lastError }) => ({ url, state, error: lastError })),
      baking: [...running.syncs].map(([url, progress]) => describeBake(url, progress)),
      churn: await churnStatus(ofChurn, queue, config, running.churn),
    },
    changesets,
    stations: stations.map(({ startedAtMs, holds, ...station }) => ({
      ...station,
      startedAt: isoTime(startedAtMs),
      clones: holds.clones,
      deliveries: holds.deliveries,
      capture: holds.capture,
      disks: [...holds.disks],
    })),
  };
}

/** Whether the churn of any repository may be wanted. Pure. */
function mayWantChurn({ insights, repos }: Config): boolean {
  return insights.churn || repos.some(entry => entry.url !== undefined && entry.churn === true);
}

/** Puts the status together from what the store knew and from what is found here. Throws `database_*`. */
export async function readStatus(options: {
  readonly known: KnownFigures;
  readonly station: StationFacts;
  readonly clones: CloneRecords;
  readonly config: Config;
  readonly deliveries: GivenDeliveryFigures;
  readonly links: readonly EndpointStatus[];
  readonly holds: readonly HoldStatus[];
  readonly pauses: readonly Pause[];
  readonly capture: CaptureStatus;
}): Promise<StationStatus> {
  const { known, clones, config } = options;
  const [onDisk, disks] = await Promise.all([clones.totals(), stationDisks(config)]);
  return {
    station: { ...options.station, uptimeS: Math.round(options.station.uptimeMs / 1000) },
    store: storeStatus(known),
    ...known.figures,
    deliveries: deliveryFigures(options.deliveries, config.deliver.directory),
    capture: shownCapture(options.capture),
    links: options.links.map(({ endpoint, state, sinceMs }) => {
      const sinceAt = isoTime(sinceMs);
      return { endpoint, state, since: sinceAt, sinceAt };
    }),
    holds: options.holds.map(({ sinceMs, ...hold }) => {
      const sinceAt = isoOrNull(sinceMs);
      return { ...hold, since: sinceAt, sinceAt };
    }),
    pauses: options.pauses.map(({ kind, name, sinceMs }) => ({ kind, name, sinceAt: isoTime(sinceMs) })),
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

function storeStatus({ figuresAtMs, outage }: KnownFigures): StationStatus['store'] {
  const away = outage
    ? { sinceAt: isoTime(outage.sinceMs), code: outage.error.code, message: outage.error.message }
    : null;
  return { away, figuresAt: isoOrNull(figuresAtMs ?? null) };
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
