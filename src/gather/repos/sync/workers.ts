import { systemRandom } from '../../../base/random.ts';
import type { WorkHandler } from '../../../engine/queue/handler.ts';
import { newWorkerId } from '../../../engine/queue/worker-id.ts';
import { Workers, type WorkersOptions } from '../../../engine/workers.ts';
import { REPOSITORY_KIND } from '../tracking/schedule.ts';
import { OWNER_KIND } from '../tracking/track.ts';
import { type HandlerTools, repositoryHandler } from './handler.ts';

export interface RepositoryWorkersOptions extends HandlerTools, Pick<WorkersOptions, 'queue'> {
  readonly random?: WorkersOptions['random'] | undefined;
  /** Lists the repositories of owners, which is done beside their visits. */
  readonly ownerHandler: WorkHandler;
  readonly onEnded: NonNullable<WorkersOptions['onEnd']>;
}

/** Running bakes get this long to finish when the station stops; then they are handed back, to go on from there. */
const DRAIN_MS = 500;

/** Those who visit repositories as a part of the station: so many at once, and so many of one host (S11, P7). */
export function repositoryWorkers(options: RepositoryWorkersOptions): Workers {
  const { config, queue, clock, log, random = systemRandom, ownerHandler, onEnded } = options;
  return new Workers({
    name: 'repository workers',
    ...{ queue, clock, random, log },
    worker: newWorkerId(),
    handlers: new Map([
      [REPOSITORY_KIND, repositoryHandler(options)],
      [OWNER_KIND, ownerHandler],
    ]),
    concurrency: config().git.concurrency,
    perGroup: () => config().git.perHost,
    onEnd: onEnded,
    timing: { drainMs: DRAIN_MS },
  });
}
