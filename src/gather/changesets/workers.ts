import type { Config } from '../../config/schema.ts';
import type { EndedWork } from '../../engine/queue/handler.ts';
import { newWorkerId } from '../../engine/queue/worker-id.ts';
import { Workers } from '../../engine/workers.ts';
import { FORGES, forgeDefinition } from '../forges/definitions.ts';
import { type DiscoverTools, sourceHandler } from './following/discover.ts';
import type { FollowTools } from './following/follow.ts';
import { CallSlots } from './hosts/call-slots.ts';
import type { CodeHosts } from './hosts/code-hosts.ts';
import type { HostHealth } from './hosts/host-health.ts';
import { CHANGESET_KIND, hostOfGroup, SOURCE_KIND } from './next-sync.ts';
import type { ChangesetsOptions } from './options.ts';
import { Batches } from './sync/batches.ts';
import { changesetHandler, type SyncTools } from './sync/handler.ts';

const LARGEST_BATCH = Math.max(...FORGES.map(({ batchSize }) => batchSize));
const DRAIN_MS = 2000;

export interface ChangesetWorkersOptions {
  readonly options: ChangesetsOptions;
  readonly follow: FollowTools;
  readonly hosts: CodeHosts;
  readonly board: HostHealth;
  readonly clockSkewMs: (host: string) => number;
  readonly onEnd: (ended: EndedWork) => void;
}

/** The workers that sync changesets and list sources, batched, within the limits of calls at once (S4). */
export function createChangesetWorkers(given: ChangesetWorkersOptions): Workers {
  const { options, follow, hosts, board, clockSkewMs, onEnd } = given;
  const { clock, random, log } = options;
  const settings = (): Config['changesets'] => options.config().changesets;
  const batchOf = (host: string): number => {
    const found = hosts.settings().find(each => each.host === host);
    return found ? forgeDefinition(found.kind).batchSize : LARGEST_BATCH;
  };
  const forge = (host: string) => hosts.of(host);
  const slots = new CallSlots(() => ({ overall: settings().concurrency, perHost: settings().perHost }));
  const tools: SyncTools & DiscoverTools = {
    ...follow,
    ...{ batches: new Batches({ forge, slots, maxBatch: batchOf }), forge, slots, board, clockSkewMs },
    discoverEveryMs: () => settings().discoverEveryMs,
    expectsWebhooks: host => options.config().hosts[host]?.webhookSecret !== undefined,
  };
  return new Workers({
    ...{ name: 'changeset workers', queue: options.stores().queue, clock, random, log },
    worker: newWorkerId(),
    handlers: new Map([
      [CHANGESET_KIND, changesetHandler(tools)],
      [SOURCE_KIND, sourceHandler(tools)],
    ]),
    concurrency: settings().concurrency * LARGEST_BATCH,
    perGroup: group => {
      const host = hostOfGroup(group);
      return board.allowedConcurrency(host, settings().perHost * batchOf(host));
    },
    onEnd,
    timing: { drainMs: DRAIN_MS },
  });
}
