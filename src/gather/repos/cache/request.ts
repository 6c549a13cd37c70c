import type { BakeProgress } from '../bake/bake.ts';
import type { BakeJob } from '../bake/job.ts';
import type { CacheRequest } from './clone-cache.ts';
import { estimateFromHost } from './estimate.ts';

/** What a bake's job asks of the cache. */
export function bakeRequest(
  job: BakeJob,
  signal: AbortSignal,
  onProgress: (progress: BakeProgress) => void,
  isUrgent = false,
): CacheRequest {
  return {
    url: job.address.url,
    signal,
    onProgress,
    isUrgent,
    estimateBytes: asking => estimate(job, true, asking),
  };
}

/** The same for churn, which needs a full clone. */
export function churnRequest(
  job: BakeJob,
  signal: AbortSignal,
  onProgress: (progress: BakeProgress) => void,
): CacheRequest {
  return {
    ...bakeRequest(job, signal, onProgress),
    purpose: 'churn',
    estimateBytes: asking => estimate(job, false, asking),
  };
}

/** Asked where the repository is now, which is where the job's host and token are of. */
function estimate(
  { address, place, sizeHost }: BakeJob,
  lean: boolean,
  signal: AbortSignal,
): Promise<number | undefined> {
  return estimateFromHost(place ?? address, { host: sizeHost, lean, signal });
}
