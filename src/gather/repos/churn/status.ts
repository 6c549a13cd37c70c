import type { Config } from '../../../config/schema.ts';
import type { QueueItem, WorkQueue } from '../../../engine/queue/work-queue.ts';
import type { Repository } from '../../../keep/store/types.ts';
import type { ChurnReading, RunningChurn } from './handler.ts';
import { CHURN_KIND, churnKey, wantsChurn } from './schedule.ts';

/** Churn at a glance: `repos.churn` of the status. */
export interface ChurnStatus {
  /** Repositories whose churn is to be read. */
  readonly wanted: number;
  /** Those with commits that wait for it, the one that is being read first. */
  readonly behind: readonly {
    readonly url: string;
    readonly state: 'reading' | 'waiting' | 'failing';
    /** In words. */
    readonly progress: string;
  }[];
}

const ORDER = ['reading', 'failing', 'waiting'];

/**
 * Reads it from the schedule: what is on it waits, and leaves it when all is read. @param running what this process
 * reads
 */
export async function churnStatus(
  repositories: readonly Repository[],
  queue: Pick<WorkQueue, 'counts' | 'getMany'>,
  config: Pick<Config, 'repos' | 'insights'>,
  running: Pick<RunningChurn, 'get'>,
): Promise<ChurnStatus> {
  const wanted = repositories.filter(repository => wantsChurn(repository, config));
  const { byKind } = await queue.counts();
  const isAnyThere = byKind.some(({ kind, size }) => kind === CHURN_KIND && size > 0);
  const items = isAnyThere ? await queue.getMany(wanted.map(churnKey)) : new Map<string, QueueItem>();
  const order = (state: string): number => ORDER.indexOf(state);
  const behind = wanted.flatMap(repository => {
    const item = items.get(churnKey(repository));
    return item ? [stateOf(repository, item, running.get(repository.url))] : [];
  });
  return { wanted: wanted.length, behind: behind.sort((a, b) => order(a.state) - order(b.state)) };
}

function stateOf(
  { url, totals }: Repository,
  { lastError }: QueueItem,
  reading: ChurnReading | undefined,
): ChurnStatus['behind'][number] {
  if (reading) {
    const { commits, readMs } = reading;
    const perSecond = readMs > 0 ? `, ${Math.round((commits * 1000) / readMs)}/s` : '';
    return {
      url,
      state: 'reading',
      progress: `${commits} of at most ${totals.commits} commits read${perSecond}`,
    };
  }
  return lastError
    ? { url, state: 'failing', progress: lastError.message }
    : { url, state: 'waiting', progress: 'waits for its turn' };
}
