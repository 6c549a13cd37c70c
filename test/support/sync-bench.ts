import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { SluiceError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import type { Config } from '../../src/config/schema.ts';
import type { EndedWork } from '../../src/engine/queue/handler.ts';
import { leaseOf } from '../../src/engine/queue/heartbeat.ts';
import { RunningClaim } from '../../src/engine/queue/running-claim.ts';
import { SqliteWorkQueue } from '../../src/engine/queue/sqlite/sqlite-work-queue.ts';
import type { Claim } from '../../src/engine/queue/work-queue.ts';
import { parseRepositoryUrl } from '../../src/gather/repos/address/url.ts';
import { bake } from '../../src/gather/repos/bake/bake.ts';
import { isRemoteUnchanged } from '../../src/gather/repos/bake/remote-check.ts';
import type { ScheduleContext } from '../../src/gather/repos/context.ts';
import { repositoryHandler, type SyncedRepository } from '../../src/gather/repos/sync/handler.ts';
import type { BakeThreads } from '../../src/gather/repos/threads/pool.ts';
import { repositoryKey } from '../../src/gather/repos/tracking/schedule.ts';
import { track } from '../../src/gather/repos/tracking/track.ts';
import { openStore, type SqliteStore } from '../../src/keep/sqlite/open-store.ts';
import type { Repository, TrackingOrigin } from '../../src/keep/store/types.ts';
import { cacheOf } from './clone-cache.ts';
import { loadConfig } from './config.ts';
import { temporaryDirectory } from './git-repositories.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What a test of syncs works with: a real store and real git, the engine's part played by the test. */
export interface SyncBench {
  readonly directory: string;
  readonly store: SqliteStore;
  readonly clock: VirtualClock;
  readonly context: ScheduleContext;
  config: Config;
  /** Remote checks and bakes so far, in order. */
  readonly steps: ('check' | 'bake')[];
  /** What listeners have heard of syncs of tracked repositories. */
  readonly reported: SyncedRepository[];
  track(url: string, origin?: TrackingOrigin): Promise<Repository>;
  /** Syncs it as a worker does; answers with it as it is afterwards, and what the sync threw. */
  sync(
    url: string,
    attempt?: number,
  ): Promise<{ readonly repository: Repository; readonly error?: SluiceError }>;
}

export async function openSyncBench(t: TestContext, git: Partial<Config['git']> = {}): Promise<SyncBench> {
  const directory = temporaryDirectory(t, 'sluice-syncs');
  const clock = new VirtualClock();
  const store = await openStore(join(directory, 'sluice.db'), { clock });
  t.after(() => store.close());
  const queue = new SqliteWorkQueue({ database: store.database, clock, isWorkerGone: () => false });
  const loaded = await loadConfig({ cwd: directory, env: {} });
  const config = { ...loaded.config, git: { ...loaded.config.git, ...git } };
  const context = { config: () => bench.config, store, queue, clock };
  const cache = cacheOf({ config, store, queue, clock });
  const bench: SyncBench = {
    directory,
    store,
    clock,
    context,
    config,
    steps: [],
    reported: [],
    async track(url, origin = 'cli') {
      const address = parseRepositoryUrl(url, { from: 'cli' });
      return track(address, origin, context);
    },
    async sync(url, attempt = 1) {
      const handler = repositoryHandler(
        { ...context, cache, log: silentLogger, threads: inThisThread(bench) },
        {
          running: new Map(),
          onSynced: async synced => void bench.reported.push(synced),
        },
      );
      const known = await store.repositories.byUrl(url);
      if (!known) throw new Error(`${url} is not known`);
      const claim = { ...(await claimNow(known, bench)), attempt };
      const ended = Promise.withResolvers<EndedWork>();
      const onEnd = ended.resolve;
      const { over } = new RunningClaim(claim, {
        queue,
        clock,
        random: () => 0,
        log: silentLogger,
        handler,
        lease: leaseOf(claim, clock),
        onEnd,
      });
      await over;
      const { error } = await ended.promise;
      const repository = (await store.repositories.byUrl(url)) ?? known;
      return { repository, error };
    },
  };
  return bench;
}

/** Bakes and checks in this thread. */
function inThisThread({ store, clock, steps }: SyncBench): Pick<BakeThreads, 'bake' | 'isRemoteUnchanged'> {
  return {
    async bake(job, signal, onProgress) {
      steps.push('bake');
      return bake(job, { store, clock, signal, onProgress });
    },
    async isRemoteUnchanged(job, signal) {
      steps.push('check');
      return isRemoteUnchanged(job, { store, signal });
    },
  };
}

/** Takes its claim, whether it is due or not. */
async function claimNow(repository: Repository, { context: { queue } }: SyncBench): Promise<Claim> {
  const keys = [repositoryKey(repository)];
  const [claim] = await queue.claim({ worker: 'test', keys, max: 1, leaseMs: queue.leaseMs });
  if (!claim) throw new Error(`${repository.url} is not on the schedule`);
  return claim;
}
