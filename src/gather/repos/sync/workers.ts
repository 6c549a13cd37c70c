import type { Random } from '../../../base/random.ts';
import type { EndedWork, WorkHandler } from '../../../engine/queue/handler.ts';
import { newWorkerId } from '../../../engine/queue/worker-id.ts';
import { Workers } from '../../../engine/workers.ts';
import type { CloneCache } from '../cache/clone-cache.ts';
import type { RepositoryContext } from '../context.ts';
import type { BakeThreads } from '../threads/pool.ts';
import { OWNER_KIND, REPOSITORY_KIND } from '../tracking/schedule.ts';
import { repositoryHandler, type SyncListeners } from './handler.ts';

/** What the workers of repositories and of their churn are made of. */
export interface RepositoryWorkersContext extends RepositoryContext {
  readonly cache: CloneCache;
  readonly threads: BakeThreads;
  readonly random: Random;
  /** Whether nothing may be asked of a host now. */
  readonly isPaused: (host: string) => boolean;
}

/** Running bakes get this long to finish when the station stops; then they are handed back, to go on from there. */
const DRAIN_MS = 500;

/**
 * Those who sync repositories as a service of the station: so many at once, and so many of one host.
 * @param ownerHandler lists the repositories of owners, which is done beside their syncs
 * @param onWorkEnd called with every piece of work that is over
 */
export function repositoryWorkers(
  context: RepositoryWorkersContext,
  listeners: SyncListeners,
  ownerHandler: WorkHandler,
  onWorkEnd: (ended: EndedWork) => void,
): Workers {
  const { config, queue, clock, log, random, isPaused } = context;
  return new Workers({
    name: 'repository workers',
    queue,
    clock,
    random,
    log,
    worker: newWorkerId(),
    handlers: new Map([
      [REPOSITORY_KIND, repositoryHandler(context, listeners)],
      [OWNER_KIND, ownerHandler],
    ]),
    concurrency: config().git.concurrency,
    perGroup: host => (isPaused(host) ? 0 : config().git.perHost),
    onEnd: onWorkEnd,
    timing: { drainMs: DRAIN_MS },
  });
}
