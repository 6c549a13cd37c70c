import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { SqliteWorkQueue } from '../../src/engine/queue/sqlite/sqlite-work-queue.ts';
import type { Claim } from '../../src/engine/queue/work-queue.ts';
import { parseRepositoryUrl } from '../../src/gather/repos/address/url.ts';
import { bake } from '../../src/gather/repos/bake/bake.ts';
import { repositoryHandler, type SyncedRepository } from '../../src/gather/repos/sync/handler.ts';
import { nothingNew } from '../../src/gather/repos/sync/remote-check.ts';
import type { BakeThreads } from '../../src/gather/repos/threads/pool.ts';
import { keyOf, REPOSITORY_KIND } from '../../src/gather/repos/tracking/schedule.ts';
import { type TrackingTools, track } from '../../src/gather/repos/tracking/track.ts';
import { openStore, type SqliteStore } from '../../src/keep/sqlite/open-store.ts';
import type { Repository, TrackingOrigin } from '../../src/keep/store/types.ts';
import { cacheOf } from './clone-cache.ts';
import { temporaryDirectory } from './git-repositories.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What a test of visits works with: a real store and real git, the engine's part played by the test. */
export interface Visits {
  readonly directory: string;
  readonly store: SqliteStore;
  readonly clock: VirtualClock;
  readonly tools: TrackingTools;
  config: Config;
  /** Looks and bakes so far, in order. */
  readonly done: string[];
  /** What was told of visits to tracked repositories. */
  readonly told: SyncedRepository[];
  track(url: string, origin?: TrackingOrigin): Promise<Repository>;
  /** Visits it as a worker does; answers with it as it is afterwards, and what the visit threw. */
  visit(
    url: string,
    attempt?: number,
  ): Promise<{ readonly repository: Repository; readonly error?: SluiceError }>;
}

export async function visiting(t: TestContext, yamlLess: Partial<Config['git']> = {}): Promise<Visits> {
  const directory = temporaryDirectory(t, 'sluice-visits');
  const clock = new VirtualClock();
  const store = await openStore(join(directory, 'sluice.db'), { clock });
  t.after(() => store.close());
  const queue = new SqliteWorkQueue({ database: store.database, clock, isWorkerGone: () => false });
  const loaded = await loadConfig({ cwd: directory, env: {} });
  const config = { ...loaded.config, git: { ...loaded.config.git, ...yamlLess } };
  const done: string[] = [];
  const told: SyncedRepository[] = [];
  const tools = { store, queue, clock, rhythm: config.schedule };
  const cache = cacheOf({ config, store, queue, clock });
  const visits: Visits = {
    ...{ directory, store, clock, tools, config, done, told },
    async track(url, origin = 'cli') {
      const address = parseRepositoryUrl(url, { from: 'cli' });
      return track(address, origin, tools);
    },
    async visit(url, attempt = 1) {
      const handler = repositoryHandler({
        ...{ store, clock, cache },
        config: () => visits.config,
        log: silentLogger,
        threads: threadsHere(visits),
        running: new Map(),
        onEnd: () => undefined,
        onVisited: async visited => void told.push(visited),
      });
      const known = await store.repositories.byUrl(url);
      if (!known) throw new Error(`${url} is not known`);
      const claim = claimOf(known, attempt, clock.nowMs());
      let error: SluiceError | undefined;
      try {
        await handler.run(claim, new AbortController().signal);
      } catch (thrown) {
        if (!(thrown instanceof SluiceError)) throw thrown;
        error = thrown;
        await handler.onFailure?.({ claim, error, decision: { retryAtMs: clock.nowMs() } });
      }
      const repository = (await store.repositories.byUrl(url)) ?? known;
      return { repository, ...(error === undefined ? {} : { error }) };
    },
  };
  return visits;
}

/** Bakes and looks in this thread. */
function threadsHere({ store, clock, done }: Visits): Pick<BakeThreads, 'run' | 'look'> {
  return {
    async run(job, signal, onProgress) {
      done.push('bake');
      return bake(job, { store, clock, signal, onProgress });
    },
    async look(job, signal) {
      done.push('look');
      return nothingNew(job, { store, signal });
    },
  };
}

function claimOf(repository: Repository, attempt: number, nowMs: number): Claim {
  return {
    key: keyOf(repository),
    kind: REPOSITORY_KIND,
    group: repository.host,
    priority: 'normal',
    reason: 'test',
    runAtMs: nowMs,
    attempt,
    leaseUntilMs: nowMs + 60_000,
    token: 1,
  };
}
