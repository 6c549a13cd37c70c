import type { Answer } from '../api/operations.ts';
import type { Config } from '../config/schema.ts';
import type { Delivery } from '../deliver/service.ts';
import type { WorkQueue } from '../engine/queue/work-queue.ts';
import type { ExportSource } from '../export/tables.ts';
import type { CaptureService } from '../gather/capture/service.ts';
import type { Changesets } from '../gather/changesets/service.ts';
import type { CacheApi } from '../gather/repos/cache/api.ts';
import type { Repositories } from '../gather/repos/service.ts';
import type { Tracking } from '../gather/repos/tracking/service.ts';
import type { Notifications } from '../insights/notifications/service.ts';
import type { CloneRecords } from '../keep/local/clone-records.ts';
import type { PeopleStore } from '../keep/store/people.ts';
import type { Questions } from '../keep/store/questions.ts';
import type { Store, StoreOutage } from '../keep/store/store.ts';
import type { Alerts } from './alerts/service.ts';
import type { DiskHistory } from './disk-history.ts';
import type { EventObserver } from './event-observer.ts';
import type { Pauses } from './pauses.ts';
import type { Rates } from './rates.ts';
import type { Metrics } from './status/metrics.ts';
import type { PageOfRepositories, RepositoryListFilter } from './status/repository-list.ts';
import type { ScheduleApi } from './status/schedule.ts';
import type { StationStatus } from './status/status.ts';

/** Where the stores are: the settings that say so. */
export type StorePlace = Pick<Config, 'database' | 'store'>;

/** What a station knows, what it is to do, and which clones are on its disk. */
export interface Stores {
  readonly store: Store;
  readonly queue: WorkQueue;
  readonly clones: CloneRecords;
  /** Closes them all; further calls fail. May be repeated. */
  close(): Promise<void>;
}

/** What the server (and the commands that run a station) ask of one. */
export interface StationApi {
  /** What is asked of all that is known. */
  readonly questions: Questions;
  /** All rows, for files of them. */
  readonly rows: ExportSource;
  /** The clones on disk. */
  readonly cache: CacheApi;
  /** Who is who, beyond mailmaps. */
  readonly people: PeopleStore;
  /** Files on their way to their buckets. */
  readonly deliveries: Pick<
    Delivery,
    | 'list'
    | 'count'
    | 'record'
    | 'troubles'
    | 'holds'
    | 'journalTrouble'
    | 'syncNow'
    | 'retryFailed'
    | 'dropFailed'
    | 'profiles'
    | 'probe'
  >;
  /** Repositories, and the runs that bake them. */
  readonly repositories: Pick<
    Repositories,
    'requestBake' | 'forget' | 'waitForRun' | 'run' | 'recentRuns' | 'list' | 'find'
  >;
  /** Which repositories are kept fresh. */
  readonly tracking: Pick<
    Tracking,
    'track' | 'untrack' | 'syncNow' | 'syncState' | 'syncAfterPush' | 'findScheduled'
  >;
  /** What people were notified of. */
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
    | 'count'
    | 'syncNow'
    | 'syncWhere'
    | 'checkSender'
    | 'receive'
    | 'isChangeset'
    | 'totals'
    | 'forecasts'
    | 'holds'
    | 'unseen'
    | 'refusals'
    | 'webhookGaps'
    | 'probe'
  >;
  /** Readings, their files, and what gave way on a full disk. */
  readonly captures: Pick<CaptureService, 'status' | 'files' | 'file' | 'totals' | 'waiting' | 'disk'>;
  /** What people are alerted of. */
  readonly alerts: Pick<Alerts, 'active'>;
  /** What people paused. */
  readonly pauses: Pick<Pauses, 'list' | 'pause' | 'resume'>;
  /** What it does over time. */
  readonly rates: Pick<Rates, 'read'>;
  readonly diskHistory: Pick<DiskHistory, 'read'>;
  /** What comes next, and why then. */
  readonly schedule: ScheduleApi;
  /**
   * A silent station that shares the store does not come back: it counts as having left.
   * @throws SluiceError `not_found`, `usage` for one that lives
   */
  leaveStation(id: string): Promise<void>;
  /** A page of the repositories, each with its next time and why. */
  listRepositories(filter: RepositoryListFilter): Promise<PageOfRepositories>;
  /** All that is stuck, and how much else there is. */
  stuck(): Promise<Answer<'listStuck'>>;
  /** What happens, as it happens. */
  readonly events: Pick<EventObserver, 'open'>;
  /** Of this sluice. */
  readonly version: string;
  status(): Promise<StationStatus>;
  /** Since when the server of the store is not to be had. */
  storeOutage(): StoreOutage | undefined;
  /** What the store answers; undefined where it is not to be had. Throws `database_*` for what else fails. */
  askStore<T>(ask: () => Promise<T>): Promise<T | undefined>;
  /** Throws `database_*` where the store cannot be read: a station that cannot is not healthy, whatever else runs. */
  checkStore(): Promise<void>;
  /** True between a finished start and the beginning of stop. */
  ready(): boolean;
}
