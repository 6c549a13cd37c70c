import { availableParallelism } from 'node:os';
import type { WorkHandler, WorkOutcome } from '../../../engine/queue/handler.ts';
import type { Claim } from '../../../engine/queue/work-queue.ts';
import { SYNC_RETRY } from '../../../engine/retry.ts';
import type { Repository } from '../../../keep/store/types.ts';
import { bakeJobAtKnownPlace } from '../bake/prepare-job.ts';
import type { CloneCache } from '../cache/clone-cache.ts';
import { untilThereIsRoom } from '../cache/no-room.ts';
import { churnRequest } from '../cache/request.ts';
import { withCloneClaim } from '../clone/claim.ts';
import type { RepositoryContext } from '../context.ts';
import { repositoryKey } from '../tracking/schedule.ts';
import type { ChurnJob } from './job.ts';
import type { ChurnPassResult } from './pass.ts';
import { urlOfChurnKey, wantsChurn } from './schedule.ts';

/** How long churn keeps a clone for itself: a bake that is asked for meanwhile waits no longer. */
const SLICE_MS = 10_000;
/** Between two slices, so that a command line that waits for the clone gets it. */
const PAUSE_MS = 300;
/** After a slice for which the clone was in use. */
const IN_USE_MS = 2_000;

/** What churn is read with. */
export interface ChurnContext extends RepositoryContext {
  readonly cache: CloneCache;
  /** Read slices, as `churnSlice` does. */
  readonly threads: { churn(job: ChurnJob, signal: AbortSignal): Promise<ChurnPassResult> };
  /** From `newWorkerId`: who claims clones. */
  readonly worker: string;
  /** What is being read, by URL; kept up to date for the status. */
  readonly running: RunningChurn;
  readonly sliceMs?: number;
}

/** What this process reads, by URL. */
export type RunningChurn = Map<string, ChurnReading>;

/** How far the reading of a repository has come since it was begun. */
export interface ChurnReading {
  readonly commits: number;
  /** Time that reading took, without the waits for the clone. */
  readonly readMs: number;
}

/** What the workers do with a repository whose churn waits: slices of it, with the clone given back in between. */
export function churnHandler(context: ChurnContext): WorkHandler {
  return {
    retry: SYNC_RETRY,
    async run(claim, signal) {
      try {
        return await readChurn(claim, signal, context);
      } catch (error) {
        const postponed = untilThereIsRoom(error, context.clock.nowMs());
        if (postponed) return postponed;
        throw error;
      } finally {
        context.running.delete(urlOfChurnKey(claim.key));
      }
    },
  };
}

async function readChurn(claim: Claim, signal: AbortSignal, context: ChurnContext): Promise<WorkOutcome> {
  const { store, clock, log, cache, threads, running } = context;
  const url = urlOfChurnKey(claim.key);
  let commits = 0;
  let readMs = 0;
  running.set(url, { commits, readMs });
  for (;;) {
    const sliceStartMs = clock.monotonicMs();
    const repository = await store.repositories.byUrl(url);
    if (!repository) return { nextAtMs: null, reason: 'no longer known' };
    if (!wantsChurn(repository, context.config())) return { nextAtMs: null, reason: 'switched off' };
    const slice = await withIdleClone(repository, context, signal, async (stop, held) => {
      const job = await churnJob(repository, held, context);
      const request = { ...churnRequest(job, stop, () => undefined), mayLeave: true };
      return cache.use(request, inner => threads.churn(job, inner));
    });
    if (slice === 'in use')
      return { postponedToMs: clock.nowMs() + IN_USE_MS, reason: 'the repository is being baked' };
    commits += slice.commits;
    for (const { hash, code, message } of slice.leftOut ?? [])
      log.warn({ target: url, commit: hash, code, reason: message }, 'churn of a commit left out');
    readMs += Math.round(clock.monotonicMs() - sliceStartMs);
    running.set(url, { commits, readMs });
    if (slice.complete) {
      if (commits > 0) log.info({ target: url, commits, durationMs: readMs }, 'churn read');
      return { nextAtMs: null, reason: 'nothing waits' };
    }
    await clock.sleep(PAUSE_MS, signal);
  }
}

/** As `withCloneClaim`; a bake that is due goes before churn. */
async function withIdleClone<T>(
  repository: Repository,
  context: ChurnContext,
  signal: AbortSignal,
  action: (signal: AbortSignal, held: Claim) => Promise<T>,
): Promise<T | 'in use'> {
  const item = await context.queue.get(repositoryKey(repository));
  const isDue = item?.claimedBy === null && item.runAtMs <= context.clock.nowMs();
  return isDue ? 'in use' : withCloneClaim(repository.url, context, signal, action);
}

async function churnJob(repository: Repository, held: Claim, context: ChurnContext): Promise<ChurnJob> {
  const config = context.config();
  return {
    ...(await bakeJobAtKnownPlace(repository, held, config, context.clock.nowMs())),
    largestFileBytes: config.insights.largestFileBytes,
    processes: availableParallelism(),
    sliceMs: context.sliceMs ?? SLICE_MS,
  };
}
