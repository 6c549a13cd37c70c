import type { Delivery } from '../deliver/service.ts';
import type { Captures } from '../gather/capture/service.ts';
import type { Changesets } from '../gather/changesets/service.ts';
import type { CacheApi } from '../gather/repos/cache/api.ts';
import type { Tracking } from '../gather/repos/tracking/service.ts';
import type { InsightDatabase } from '../insights/insight-database.ts';
import type { Notifications } from '../insights/notifications/service.ts';
import type { PeopleStore } from '../keep/store/people.ts';
import type { Repository, Run } from '../keep/store/types.ts';
import type { Metrics } from './status/metrics.ts';
import type { ScheduleApi } from './status/schedule.ts';
import type { StationStatus } from './status/status.ts';

/** What the server (and the commands that run a station) ask of one. */
export interface StationApi {
  /** Reads over the documented schema. */
  readonly source: InsightDatabase;
  /** The clones on disk. */
  readonly cache: CacheApi;
  /** Who is who, beyond mailmaps. */
  readonly people: PeopleStore;
  /** Files on their way to their buckets. */
  readonly deliveries: Pick<
    Delivery,
    'list' | 'record' | 'syncNow' | 'retryFailed' | 'dropFailed' | 'profiles'
  >;
  /** Which repositories are kept fresh. */
  readonly tracking: Pick<Tracking, 'track' | 'untrack' | 'syncNow' | 'syncAfterPush' | 'findScheduled'>;
  /** What people were told. */
  readonly notifications: Pick<Notifications, 'recent'>;
  /** Figures for Prometheus. */
  readonly metrics: Pick<Metrics, 'render'>;
  /** Pull and merge requests, and how they are kept fresh. */
  readonly changesets: Pick<
    Changesets,
    | 'track'
    | 'untrack'
    | 'find'
    | 'events'
    | 'list'
    | 'syncNow'
    | 'syncWhere'
    | 'receive'
    | 'isChangeset'
    | 'totals'
    | 'forecasts'
    | 'holds'
    | 'webhookGaps'
  >;
  /** Readings, their files, and what gave way on a full disk. */
  readonly captures: Pick<Captures, 'status' | 'files' | 'file' | 'totals' | 'waiting' | 'disk'>;
  /** What comes next, and why then. */
  readonly schedule: ScheduleApi;
  /**
   * Asks for a bake of a repository, first in line. A run that waits already is answered again.
   * Throws `url_*` for what is not allowed from the API, `stopping` while the station stops.
   */
  requestBake(url: string, reason: string): Promise<Run>;
  /** Resolves with the run once it has ended. Rejects with the signal's reason. */
  waitForRun(id: number, signal: AbortSignal): Promise<Run>;
  run(id: number): Promise<Run | undefined>;
  recentRuns(limit: number): Promise<Run[]>;
  repositories(): Promise<Repository[]>;
  /** The repository that a URL means, however it is written. Throws `url_invalid`, `not_found`. */
  repository(url: string): Promise<Repository>;
  status(): Promise<StationStatus>;
  /** True between a finished start and the beginning of stop. */
  ready(): boolean;
}
