import type { Config } from '../config/schema.ts';
import type { Ended } from '../engine/work/handler.ts';
import { newWorkerId } from '../engine/work/worker-id.ts';
import { Workers } from '../engine/workers.ts';
import { Batches } from '../gather/changesets/batches.ts';
import type { CodeHosts } from '../gather/changesets/code-hosts.ts';
import { type DiscoverTools, sourceHandler } from '../gather/changesets/discover.ts';
import type { FollowTools } from '../gather/changesets/follow.ts';
import type { HostBoard } from '../gather/changesets/host-board.ts';
import { Slots } from '../gather/changesets/slots.ts';
import { changesetHandler, type SyncTools } from '../gather/changesets/sync.ts';
import { CHANGESET_KIND, hostOfGroup, SOURCE_KIND } from '../gather/changesets/work.ts';
import type { ForgeKind } from '../gather/forges/forge.ts';
import type { ChangesetsOptions } from './changesets-options.ts';

/** GitHub answers fifty in one request; the others cost a call each, so that larger batches only take longer. */
const BATCH: Readonly<Record<ForgeKind, number>> = { github: 50, gitlab: 10, gitea: 10 };
const LARGEST_BATCH = 50;
const DRAIN_MS = 2000;

export interface ChangesetWorkersOptions {
  readonly options: ChangesetsOptions;
  readonly follow: FollowTools;
  readonly hosts: CodeHosts;
  readonly board: HostBoard;
  readonly clockSkewMs: (host: string) => number;
  readonly onEnd: (ended: Ended) => void;
}

/** The workers that sync changesets and list sources, batched, within the limits of calls at once (S4). */
export function createChangesetWorkers(given: ChangesetWorkersOptions): Workers {
  const { options, follow, hosts, board, clockSkewMs, onEnd } = given;
  const { clock, random, log } = options;
  const settings = (): Config['changesets'] => options.config().changesets;
  const batchOf = (host: string): number => {
    const found = hosts.settings().find(each => each.host === host);
    return BATCH[found?.kind ?? 'github'];
  };
  const forge = (host: string) => hosts.of(host);
  const slots = new Slots(() => ({ overall: settings().concurrency, perHost: settings().perHost }));
  const tools: SyncTools & DiscoverTools = {
    ...follow,
    ...{ batches: new Batches({ forge, slots, maxBatch: batchOf }), forge, slots, board, clockSkewMs },
    discoverEveryMs: () => settings().discoverEveryMs,
    expectsWebhooks: host => options.config().hosts[host]?.webhookSecret !== undefined,
  };
  return new Workers({
    ...{ name: 'changeset workers', work: options.keep().work, clock, random, log },
    worker: newWorkerId(),
    handlers: new Map([
      [CHANGESET_KIND, changesetHandler(tools)],
      [SOURCE_KIND, sourceHandler(tools)],
    ]),
    concurrency: settings().concurrency * LARGEST_BATCH,
    perGroup: group => {
      const host = hostOfGroup(group);
      return board.room(host, settings().perHost * batchOf(host));
    },
    onEnd,
    timing: { drainMs: DRAIN_MS },
  });
}
