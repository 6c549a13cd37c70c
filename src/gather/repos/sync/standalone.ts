import { availableParallelism } from 'node:os';
import { asSluiceError, SluiceError, toErrorRecord } from '../../../base/errors.ts';
import type { Claim } from '../../../engine/queue/work-queue.ts';
import { newWorkerId } from '../../../engine/queue/worker-id.ts';
import type { Repository } from '../../../keep/store/types.ts';
import { parseRepositoryUrl } from '../address/url.ts';
import { type BakeProgress, type BakeSummary, bake } from '../bake/bake.ts';
import { bakeJob } from '../bake/prepare-job.ts';
import type { CloneCache } from '../cache/clone-cache.ts';
import { bakeRequest, churnRequest } from '../cache/request.ts';
import { type ChurnProgress, churnSlice } from '../churn/job.ts';
import { claimClone, underCloneClaim } from '../clone/claim.ts';
import type { RepositoryContext } from '../context.ts';
import { nextRepositorySync } from '../tracking/schedule.ts';
import { type RecordedBake, recordBake, withChange } from './run-record.ts';

/** How often the claim of a repository that another process works in is asked for again. */
const WAIT_MS = 250;
const REASON = 'asked for by hand';

/** What a bake in this process works with, and how it is followed. */
export interface StandaloneContext extends RepositoryContext {
  readonly cache: CloneCache;
  readonly signal: AbortSignal;
  /** Churn is read after the commits, to its end. */
  readonly churn?: boolean;
  /** As BakeContext has it. */
  readonly countsAhead?: boolean;
  readonly onProgress: (progress: BakeProgress | ChurnProgress | 'waiting') => void;
}

/**
 * Bakes one repository in this process, without a station, or beside one on the same database: the claim on
 * the work queue keeps two processes out of one clone. Throws as `bake` does, and `url_*`.
 */
export async function bakeStandalone(target: string, context: StandaloneContext): Promise<BakeSummary> {
  const { store, cache, onProgress } = context;
  const config = context.config();
  const address = parseRepositoryUrl(target, { from: 'cli' });
  const repository = await store.repositories.ensure(address.url, address.host);
  return withRepositoryClaim(repository, context, async (lost, claim) => {
    const job = await bakeJob(repository, address, claim, config);
    const held = AbortSignal.any([context.signal, lost]);
    const recorded = await recordBake(repository, claim, REASON, context, () =>
      cache.useForBake(bakeRequest(job, held, onProgress, true), signal => bake(job, { ...context, signal })),
    );
    if (!context.churn || 'error' in recorded.end) return recorded;
    try {
      const { largestFileBytes } = config.insights;
      const churnJob = { ...job, largestFileBytes, processes: availableParallelism() };
      const request = churnRequest(job, held, onProgress);
      await cache.use(request, signal => churnSlice(churnJob, { ...context, signal }));
    } catch (error) {
      // The bake is done all the same.
      return { ...recorded, end: { error: asSluiceError(error) } };
    }
    return recorded;
  });
}

/**
 * Runs `action` while this process holds the repository's claim; its signal aborts when the claim is lost. What it
 * records is kept as the claim is settled.
 */
async function withRepositoryClaim(
  repository: Repository,
  context: StandaloneContext,
  action: (lost: AbortSignal, claim: Claim) => Promise<RecordedBake>,
): Promise<BakeSummary> {
  const { queue, clock, store } = context;
  const { schedule } = context.config();
  const claim = await claimWhenFree(repository, context);
  let recorded: RecordedBake | undefined;
  try {
    recorded = await underCloneClaim(claim, context, lost => action(lost, claim));
    if ('error' in recorded.end) throw recorded.end.error;
    const { change, changes, end } = recorded;
    const baked = withChange((await store.repositories.byId(repository.id)) ?? repository, change);
    const next = nextRepositorySync(baked, clock.nowMs(), schedule);
    const settled = await queue.complete(claim, { ...next, changes });
    if (settled === 'lost')
      throw new SluiceError('lease_lost', `another process has gone on with ${repository.url}`);
    return end.summary;
  } catch (error) {
    // What is tracked keeps its place on the schedule, where the station tries again; what is not leaves it.
    const retryAtMs = repository.tracked ? clock.nowMs() + schedule.minIntervalMs : null;
    const record = toErrorRecord(asSluiceError(error));
    const changes = recorded?.changes ?? [];
    await queue.fail(claim, {
      error: record,
      retryAtMs,
      reason: `failed by hand: ${record.message}`,
      changes,
    });
    throw error;
  }
}

async function claimWhenFree(repository: Repository, context: StandaloneContext): Promise<Claim> {
  const { queue, clock, signal, onProgress } = context;
  const worker = newWorkerId();
  for (let waits = 0; ; waits += 1) {
    await queue.releaseDead();
    const claim = await claimClone(repository, REASON, { queue, worker, clock });
    if (claim) return claim;
    if (waits === 0) onProgress('waiting');
    await clock.sleep(WAIT_MS, signal);
  }
}
