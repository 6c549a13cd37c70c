import { availableParallelism } from 'node:os';
import type { Clock } from '../../../base/clock.ts';
import { asSluiceError, toErrorRecord } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import type { Config } from '../../../config/schema.ts';
import type { Claim, WorkQueue } from '../../../engine/queue/work-queue.ts';
import { newWorkerId } from '../../../engine/queue/worker-id.ts';
import type { Store } from '../../../keep/store/store.ts';
import type { Repository } from '../../../keep/store/types.ts';
import { parseRepositoryUrl } from '../address/url.ts';
import type { CloneCache } from '../cache/clone-cache.ts';
import { cacheRequest, churnRequest } from '../cache/request.ts';
import { type ChurnProgress, churnSlice } from '../churn/job.ts';
import { LEASE_MS, whileHeld } from '../lease.ts';
import { atOnce, keyOf, nextFetch } from '../tracking/schedule.ts';
import { type BakeProgress, type BakeSummary, bake } from './bake.ts';
import { bakeJob } from './job.ts';
import { recordedBake } from './run-record.ts';

/** How often a repository that another process is baking is looked at again. */
const WAIT_MS = 250;

export interface AloneTools {
  readonly config: Config;
  readonly store: Store;
  readonly queue: WorkQueue;
  readonly cache: CloneCache;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Churn is read after the commits, to its end (S6). */
  readonly churn?: boolean;
  readonly onProgress: (progress: BakeProgress | ChurnProgress | 'waiting') => void;
}

/**
 * Bakes one repository in this process, without a station, or beside one on the same database: the claim on
 * the work queue keeps two processes out of one clone (S1, P7). Throws as `bake` does, and `url_*`.
 */
export async function bakeAlone(target: string, tools: AloneTools): Promise<BakeSummary> {
  const { config, store, cache, onProgress } = tools;
  const address = parseRepositoryUrl(target, { from: 'cli' });
  const repository = await store.repositories.ensure(address.url, address.host);
  return holding(repository, tools, async lost => {
    const job = bakeJob(repository, address, config);
    const held = AbortSignal.any([tools.signal, lost]);
    const summary = await recordedBake(repository, 'asked for by hand', tools, () =>
      cache.using(cacheRequest(job, held, onProgress), signal => bake(job, { ...tools, signal })),
    );
    if (tools.churn) {
      const { largestFileBytes } = config.insights;
      const churnJob = { ...job, largestFileBytes, processes: availableParallelism() };
      const request = churnRequest(job, held, onProgress);
      await cache.within(request, signal => churnSlice(churnJob, { ...tools, signal }));
    }
    return summary;
  });
}

/** Runs `action` while this process holds the repository's claim; its signal aborts when the claim is lost. */
async function holding(
  repository: Repository,
  tools: AloneTools,
  action: (lost: AbortSignal) => Promise<BakeSummary>,
): Promise<BakeSummary> {
  const { queue, clock, store, config } = tools;
  const claim = await claimRepository(repository, tools);
  try {
    const summary = await whileHeld(claim, { queue, clock }, action);
    const baked = (await store.repositories.byId(repository.id)) ?? repository;
    await queue.complete(claim, nextFetch(baked, clock.nowMs(), config.schedule));
    return summary;
  } catch (error) {
    // What is tracked keeps its place on the schedule, where the station tries again; the others leave it.
    const retryAtMs = repository.tracked ? clock.nowMs() + config.schedule.minIntervalMs : null;
    const record = toErrorRecord(asSluiceError(error));
    await queue.fail(claim, { error: record, retryAtMs, reason: `failed by hand: ${record.message}` });
    throw error;
  }
}

async function claimRepository(repository: Repository, tools: AloneTools): Promise<Claim> {
  const { queue, clock, signal, onProgress } = tools;
  const worker = newWorkerId();
  const key = keyOf(repository);
  for (let waits = 0; ; waits += 1) {
    await queue.releaseDead();
    // Not due yet, so that a station beside us does not take it before we do.
    const runAtMs = clock.nowMs() + LEASE_MS;
    await queue.put(key, {
      ...atOnce(repository, 'asked for by hand', runAtMs),
      priority: 'normal',
      ifAbsent: true,
    });
    const [claim] = await queue.claim({ worker, keys: [key], max: 1, leaseMs: LEASE_MS });
    if (claim) return claim;
    if (waits === 0) onProgress('waiting');
    await clock.sleep(WAIT_MS, signal);
  }
}
