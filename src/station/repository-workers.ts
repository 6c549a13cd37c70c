import { systemRandom } from '../base/random.ts';
import type { Handler } from '../engine/work/handler.ts';
import { newWorkerId } from '../engine/work/worker-id.ts';
import { Workers, type WorkersOptions } from '../engine/workers.ts';
import { type HandlerTools, repositoryHandler } from '../gather/repos/handler.ts';
import { OWNER_KIND } from '../gather/repos/tracking.ts';
import { REPOSITORY_KIND } from '../gather/repos/work.ts';

export interface RepositoryWorkersOptions extends HandlerTools, Pick<WorkersOptions, 'work'> {
  readonly random?: WorkersOptions['random'] | undefined;
  /** Lists the repositories of owners, which is done beside their visits. */
  readonly ownerHandler: Handler;
  readonly onEnded: NonNullable<WorkersOptions['onEnd']>;
}

/** Running bakes get this long to finish when the station stops; then they are handed back, to go on from there. */
const DRAIN_MS = 500;

/** Those who visit repositories as a part of the station: so many at once, and so many of one host (S11, P7). */
export function repositoryWorkers(options: RepositoryWorkersOptions): Workers {
  const { config, work, clock, log, random = systemRandom, ownerHandler, onEnded } = options;
  return new Workers({
    name: 'repository workers',
    ...{ work, clock, random, log },
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
