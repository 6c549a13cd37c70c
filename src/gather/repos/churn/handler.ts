import { availableParallelism } from 'node:os';
import type { Logger } from '../../../base/log.ts';
import type { Config } from '../../../config/schema.ts';
import type { WorkHandler, WorkOutcome } from '../../../engine/queue/handler.ts';
import type { Claim } from '../../../engine/queue/work-queue.ts';
import { SYNC_RETRY } from '../../../engine/retry.ts';
import type { Store } from '../../../keep/store/store.ts';
import type { Repository } from '../../../keep/store/types.ts';
import type { CloneCache } from '../cache/clone-cache.ts';
import { churnRequest } from '../cache/request.ts';
import { type ClaimTools, withClone } from '../clone/claim.ts';
import { jobFor } from '../sync/repository-sync.ts';
import type { BakeThreads } from '../threads/pool.ts';
import { keyOf } from '../tracking/schedule.ts';
import type { ChurnJob } from './job.ts';
import { urlOfChurnKey, wantsChurn } from './schedule.ts';

/** How long churn keeps a clone for itself: a bake that is asked for meanwhile waits no longer. */
const SLICE_MS = 10_000;
/** Between two slices, so that a command line that waits for the clone gets it. */
const PAUSE_MS = 300;
/** After finding the clone in use. */
const IN_USE_MS = 2_000;

export interface ChurnTools extends ClaimTools {
  /** As it is now: it may change between two slices. */
  readonly config: () => Config;
  readonly store: Store;
  readonly threads: Pick<BakeThreads, 'churn'>;
  readonly cache: CloneCache;
  readonly log: Logger;
  readonly sliceMs?: number;
  /** What is being read, by URL; kept up to date for the status. */
  readonly churning?: ChurnRuns;
}

/** What this process reads, by URL. */
export type ChurnRuns = Map<string, ChurnRun>;

/** How far the reading of a repository has come since it was begun. */
export interface ChurnRun {
  readonly commits: number;
  /** Time that reading took, without the waits for the clone. */
  readonly readMs: number;
}

/** What the workers do with a repository whose churn waits: slices of it, with the clone given back in between. */
export function churnHandler(tools: ChurnTools): WorkHandler {
  return {
    retry: SYNC_RETRY,
    run: (claim, signal) =>
      readChurn(claim, signal, tools).finally(() => tools.churning?.delete(urlOfChurnKey(claim.key))),
  };
}

async function readChurn(claim: Claim, signal: AbortSignal, tools: ChurnTools): Promise<WorkOutcome> {
  const { store, clock, log } = tools;
  let [commits, readMs] = [0, 0];
  tools.churning?.set(urlOfChurnKey(claim.key), { commits, readMs });
  for (;;) {
    const sliceStartMs = clock.monotonicMs();
    const repository = await store.repositories.byUrl(urlOfChurnKey(claim.key));
    if (!repository) return { nextAtMs: null, reason: 'no longer known' };
    if (!wantsChurn(repository, tools.config())) return { nextAtMs: null, reason: 'switched off' };
    const slice = await inTurn(repository, tools, signal, async stop => {
      const job = await churnJob(repository, tools);
      const request = churnRequest(job, stop, () => undefined);
      return tools.cache.within(request, inner => tools.threads.churn(job, inner));
    });
    if (slice === 'in use')
      return { postponedToMs: clock.nowMs() + IN_USE_MS, reason: 'the repository is being baked' };
    commits += slice.commits;
    readMs += Math.round(clock.monotonicMs() - sliceStartMs);
    tools.churning?.set(repository.url, { commits, readMs });
    if (slice.complete) {
      if (commits > 0) log.info({ target: repository.url, commits, durationMs: readMs }, 'churn read');
      return { nextAtMs: null, reason: 'nothing waits' };
    }
    await clock.sleep(PAUSE_MS, signal);
  }
}

/** As `withClone`; a bake that is due goes before churn. */
async function inTurn<T>(
  repository: Repository,
  tools: ClaimTools,
  signal: AbortSignal,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T | 'in use'> {
  const item = await tools.queue.get(keyOf(repository));
  const isDue = item?.claimedBy === null && item.runAtMs <= tools.clock.nowMs();
  return isDue ? 'in use' : withClone(repository.url, tools, signal, action);
}

async function churnJob(repository: Repository, tools: ChurnTools): Promise<ChurnJob> {
  const config = tools.config();
  return {
    ...(await jobFor(repository, config, tools.clock.nowMs())),
    largestFileBytes: config.insights.largestFileBytes,
    processes: availableParallelism(),
    sliceMs: tools.sliceMs ?? SLICE_MS,
  };
}
