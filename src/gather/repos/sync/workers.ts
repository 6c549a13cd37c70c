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
/** Hardly a sync takes so long that does not wait for a slow remote: see `WorkersOptions.longAfterMs`. */
const LONG_AFTER_MS = 15 * 60_000;

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
    longAfterMs: LONG_AFTER_MS,
    perGroup: host => (isPaused(host) ? 0 : config().git.perHost),
    onEnd: onWorkEnd,
    timing: { drainMs: DRAIN_MS },
  });
}
