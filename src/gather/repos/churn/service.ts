import type { Clock } from '../../../base/clock.ts';
import type { Service } from '../../../base/lifecycle.ts';
import type { Logger } from '../../../base/log.ts';
import { type Random, systemRandom } from '../../../base/random.ts';
import type { Config } from '../../../config/schema.ts';
import type { WorkQueue } from '../../../engine/queue/work-queue.ts';
import { newWorkerId } from '../../../engine/queue/worker-id.ts';
import { Workers } from '../../../engine/workers.ts';
import type { Store } from '../../../keep/store/store.ts';
import type { Repository } from '../../../keep/store/types.ts';
import type { CloneCache } from '../cache/clone-cache.ts';
import type { BakeThreads } from '../threads/pool.ts';
import { type ChurnRuns, churnHandler } from './handler.ts';
import { CHURN_KIND, scheduleChurn, wantsChurn } from './schedule.ts';

export interface ChurnOptions {
  readonly config: () => Config;
  readonly store: Store;
  readonly queue: WorkQueue;
  readonly threads: BakeThreads;
  readonly cache: CloneCache;
  readonly clock: Clock;
  readonly random?: Random;
  readonly log: Logger;
  /** What is being read, by URL. */
  readonly churning?: ChurnRuns;
}

/** A slice that is under way gets this long when the station stops; what it has stored stays. */
const DRAIN_MS = 500;

/** Churn as a part of the station: workers of its own, one repository at a time, beside those that bake (S6). */
export function churnWorkers(options: ChurnOptions): Service {
  const { queue, clock, random = systemRandom, log } = options;
  const worker = newWorkerId();
  const workers = new Workers({
    name: 'churn workers',
    queue,
    clock,
    random,
    log,
    worker,
    handlers: new Map([[CHURN_KIND, churnHandler({ ...options, worker })]]),
    concurrency: 1,
    timing: { drainMs: DRAIN_MS },
  });
  return {
    name: workers.name,
    async start() {
      await scheduleWanted(options);
      await workers.start();
    },
    stop: () => workers.stop(),
  };
}

/** After a bake: what is new waits for its churn. */
export async function churnAfterBake(repository: Repository, options: ChurnOptions): Promise<void> {
  if (wantsChurn(repository, options.config())) await scheduleChurn(repository, 'after a bake', options);
}

/** Everything whose churn is wanted: at start, and when the configuration has changed. What is complete ends at once. */
export async function scheduleWanted(options: Omit<ChurnOptions, 'threads' | 'cache'>): Promise<void> {
  for (const repository of await options.store.repositories.list()) {
    if (repository.lastBakedAtMs === null || !wantsChurn(repository, options.config())) continue;
    await scheduleChurn(repository, 'switched on, or interrupted', options);
  }
}
