import type { Service } from '../../../base/lifecycle.ts';
import { siblingModule, ThreadClient } from '../../../base/thread-client.ts';
import type { BakeProgress, BakeSummary } from '../bake/bake.ts';
import type { BakeJob } from '../bake/job.ts';
import type { RemoteCheckJob } from '../bake/remote-check.ts';
import type { ChurnJob } from '../churn/job.ts';
import type { ChurnPassResult } from '../churn/pass.ts';
import type { BakeProtocol, BakeThreadSetup } from './bake-server.ts';

/**
 * Threads that bake, so that the one that answers HTTP never waits for a large history. Each is made with its first
 * bake; when one crashes its bakes fail, and the next bake makes it anew.
 */
export interface BakeThreads extends Service {
  /** Bakes in the thread with the fewest bakes. Rejects as `bake` does; aborting `signal` stops git and rejects. */
  bake(job: BakeJob, signal: AbortSignal, onProgress: (progress: BakeProgress) => void): Promise<BakeSummary>;
  /** Checks a remote there, as `isRemoteUnchanged` does. */
  isRemoteUnchanged(job: RemoteCheckJob, signal: AbortSignal): Promise<boolean>;
  /** One turn of a repository's churn, likewise; rejects as `churnSlice` does. */
  churn(job: ChurnJob, signal: AbortSignal): Promise<ChurnPassResult>;
}

/**
 * Rows live for milliseconds; without limits V8 lets them pile up for some 10 MiB more before it collects them. The old
 * space has room for the refs of the largest repositories.
 */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 1024 };

/** So many threads, none of them up yet. */
export function createBakeThreads(setup: BakeThreadSetup, count: number): BakeThreads {
  const threads = Array.from(
    { length: count },
    () =>
      new ThreadClient<BakeProtocol>({
        name: 'bake',
        entry: siblingModule(import.meta.url, './bake-thread'),
        setup,
        resourceLimits: RESOURCE_LIMITS,
        background: true,
        // The wide pipe of git (git/wide-pipe.ts).
        usesForeignDescriptors: true,
      }),
  );
  const leastBusy = (): ThreadClient<BakeProtocol> =>
    threads.reduce((least, thread) => (thread.pending < least.pending ? thread : least));

  return {
    name: 'bake threads',
    async start() {},
    bake: (job, signal, onProgress) => leastBusy().request('bake', job, { signal, onProgress }),
    isRemoteUnchanged: (job, signal) => leastBusy().request('checkRemote', job, { signal }),
    churn: (job, signal) => leastBusy().request('churn', job, { signal }),
    async stop() {
      await Promise.all(threads.map(thread => thread.stop()));
    },
  };
}
