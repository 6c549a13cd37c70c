import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Config } from '../../config/schema.ts';
import type { EndedWork } from '../../engine/queue/handler.ts';
import { Workers } from '../../engine/workers.ts';
import { FORGES, forgeDefinition } from '../forges/definitions.ts';
import type { ChangesetContext } from './context.ts';
import { sourceHandler } from './following/list-source.ts';
import { CallSlots } from './hosts/call-slots.ts';
import type { SharedSlots } from './hosts/shared-slots.ts';
import { CHANGESET_KIND, hostOfGroup, SOURCE_KIND } from './schedule.ts';
import { Batches } from './sync/batches.ts';
import { changesetHandler } from './sync/handler.ts';

const LARGEST_BATCH = Math.max(...FORGES.map(({ batchSize }) => batchSize));
const DRAIN_MS = 2000;

/**
 * The workers that sync changesets and list sources, in batches and within the calls allowed at once.
 * @param sharedSlots where other stations call the same hosts
 * @param onEnd called with every claim that is over
 */
export function createChangesetWorkers(
  context: ChangesetContext,
  { config, random, log }: { config: () => Config; random: Random; log: Logger },
  sharedSlots: SharedSlots | undefined,
  onEnd: (ended: EndedWork) => void,
): Workers {
  const { queue, clock, hosts, health } = context;
  const settings = (): Config['changesets'] => config().changesets;
  const batchOf = (host: string): number => {
    const known = hosts.settings().find(each => each.host === host);
    return known ? forgeDefinition(known.kind).batchSize : LARGEST_BATCH;
  };
  const slots = new CallSlots(
    () => ({ overall: settings().concurrency, perHost: settings().perHost }),
    sharedSlots,
  );
  const batches = new Batches(hosts, slots, batchOf);
  const listEveryMs = (): number => settings().discoverEveryMs;
  return new Workers({
    name: 'changeset workers',
    queue,
    clock,
    random,
    log,
    handlers: new Map([
      [CHANGESET_KIND, changesetHandler({ ...context, batches, slots, random })],
      [SOURCE_KIND, sourceHandler({ ...context, slots, listEveryMs })],
    ]),
    concurrency: settings().concurrency * LARGEST_BATCH,
    perGroup: (group, priority) => {
      const host = hostOfGroup(group);
      return health.allowedConcurrency(host, settings().perHost * batchOf(host), priority);
    },
    onEnd,
    timing: { drainMs: DRAIN_MS },
  });
}
