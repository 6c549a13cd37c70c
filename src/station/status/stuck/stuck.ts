import type { Answer } from '../../../api/operations.ts';
import type { OngoingFaults } from '../../../base/ongoing-faults.ts';
import type { Delivery } from '../../../deliver/service.ts';
import type { WorkQueue } from '../../../engine/queue/work-queue.ts';
import type { CaptureService } from '../../../gather/capture/service.ts';
import type { Changesets } from '../../../gather/changesets/service.ts';
import type { Questions } from '../../../keep/store/questions.ts';
import type { KnownStation } from '../../../keep/store/stations.ts';
import type { StoreOutage } from '../../../keep/store/store.ts';
import type { StationDisk } from '../disks.ts';
import { stuckFiles } from './files.ts';
import { stuckGathering } from './gathering.ts';
import { stuckStation } from './station.ts';

/** Who waits for longer than this though the time has come is late: a pass of maintenance and a busy minute are not. */
export const LATE_MS = 120_000;

/** Where it is read what is stuck. */
export interface StuckSources {
  readonly questions: Pick<Questions, 'troubledRepositories' | 'failingChangesets'>;
  readonly queue: Pick<WorkQueue, 'unsettled' | 'counts'>;
  readonly deliveries: Pick<Delivery, 'unsettled' | 'underWay' | 'endpoints' | 'status'>;
  readonly changesets: Pick<Changesets, 'holds' | 'refusals' | 'unseen'>;
  readonly captures: Pick<CaptureService, 'status'>;
  readonly faults: Pick<OngoingFaults, 'all'>;
  stations(): Promise<readonly KnownStation[]>;
  disks(): Promise<readonly StationDisk[]>;
  storeOutage(): StoreOutage | undefined;
  /** What the store answers; undefined while it is not to be had. */
  askStore<T>(ask: () => Promise<T>): Promise<T | undefined>;
  readonly minFreeDiskBytes: number;
  readonly root: string;
  nowMs(): number;
}

/**
 * All that is stuck: what a person must see to before what goes on by itself, then what counts most. Every file that has
 * not arrived and every target is counted once, here or in `elsewhere`. Throws `database_*`.
 */
export async function findStuck(sources: StuckSources): Promise<Answer<'listStuck'>> {
  const { questions, queue, deliveries, changesets, captures } = sources;
  const [repositories = [], failing = [], unsettled = [], counts, stations = [], { collectors }, disks] =
    await Promise.all([
      sources.askStore(() => questions.troubledRepositories()),
      sources.askStore(() => questions.failingChangesets()),
      sources.askStore(() => queue.unsettled(LATE_MS)),
      sources.askStore(() => queue.counts()),
      sources.askStore(() => sources.stations()),
      captures.status(),
      sources.disks(),
    ]);
  const nowMs = sources.nowMs();
  const { holds, syncing, unproven, left } = deliveries.status();
  const files = stuckFiles({
    unsettled: deliveries.unsettled(LATE_MS),
    underWay: deliveries.underWay(),
    holds,
    endpoints: deliveries.endpoints(),
    root: sources.root,
    isSyncing: syncing,
    nowMs,
    lateMs: LATE_MS,
  });
  const gathering = stuckGathering({
    unsettled,
    counts: counts ?? { size: 0, running: 0 },
    repositories,
    changesets: failing,
    holds: changesets.holds(),
    refusals: changesets.refusals(),
    unseen: changesets.unseen(),
  });
  const { minFreeDiskBytes } = sources;
  const outage = sources.storeOutage();
  const stuck = [
    ...files.stuck,
    ...gathering.stuck,
    ...stuckStation({
      outage,
      collectors,
      disks,
      minFreeDiskBytes,
      stations,
      nowMs,
      faults: sources.faults.all(),
    }),
  ];
  return {
    stuck: stuck.sort((one, two) => Number(one.isWaiting) - Number(two.isWaiting) || two.count - one.count),
    elsewhere: {
      files: files.others,
      targets: gathering.others,
      unproven: unproven.files,
      left: left.reduce((sum, one) => sum + one.files, 0),
    },
  };
}
