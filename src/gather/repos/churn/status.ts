import type { Config } from '../../../config/schema.ts';
import type { WorkQueue } from '../../../engine/queue/work-queue.ts';
import type { Repository } from '../../../keep/store/types.ts';
import type { RunningChurn } from './handler.ts';
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

type StatusQueue = Pick<WorkQueue, 'counts' | 'get'>;
type ReadonlyRunning = Pick<RunningChurn, 'get'>;

const ORDER = ['reading', 'failing', 'waiting'];

/** Reads it from the schedule: what is on it waits, and leaves it when all is read. @param running what this process reads */
export async function churnStatus(
  repositories: readonly Repository[],
  queue: StatusQueue,
  config: Pick<Config, 'repos' | 'insights'>,
  running: ReadonlyRunning,
): Promise<ChurnStatus> {
  const wanted = repositories.filter(repository => wantsChurn(repository, config));
  const { byKind } = await queue.counts();
  const isAnyThere = byKind.some(({ kind, size }) => kind === CHURN_KIND && size > 0);
  const items = isAnyThere ? await Promise.all(wanted.map(each => behind(each, queue, running))) : [];
  const order = (state: string): number => ORDER.indexOf(state);
  return {
    wanted: wanted.length,
    behind: items.filter(item => item !== undefined).sort((a, b) => order(a.state) - order(b.state)),
  };
}

async function behind(
  { url, totals }: Repository,
  queue: StatusQueue,
  running: ReadonlyRunning,
): Promise<ChurnStatus['behind'][number] | undefined> {
  const item = await queue.get(churnKey({ url }));
  if (!item) return undefined;
  const reading = running.get(url);
  if (reading) {
    const { commits, readMs } = reading;
    const perSecond = readMs > 0 ? `, ${Math.round((commits * 1000) / readMs)}/s` : '';
    return {
      url,
      state: 'reading',
      progress: `${commits} of at most ${totals.commits} commits read${perSecond}`,
    };
  }
  const { lastError } = item;
  return lastError
    ? { url, state: 'failing', progress: lastError.message }
    : { url, state: 'waiting', progress: 'waits for its turn' };
}
