import type { BakeJob, BakeProgress } from '../bake.ts';
import type { CacheRequest } from './clone-cache.ts';
import { estimateFromHost } from './estimate.ts';

/** What a bake's job asks of the cache. */
export function cacheRequest(
  { address, credentials }: BakeJob,
  signal: AbortSignal,
  onProgress: (progress: BakeProgress) => void,
): CacheRequest {
  const estimateBytes: CacheRequest['estimateBytes'] = asking =>
    estimateFromHost(address, { credentials, lean: true, signal: asking });
  return { url: address.url, signal, onProgress, estimateBytes };
}

/** The same for churn, which needs a full clone. */
export function churnRequest(
  job: BakeJob,
  signal: AbortSignal,
  onProgress: (progress: BakeProgress) => void,
): CacheRequest {
  const { address, credentials } = job;
  const estimateBytes: CacheRequest['estimateBytes'] = asking =>
    estimateFromHost(address, { credentials, lean: false, signal: asking });
  return { ...cacheRequest(job, signal, onProgress), purpose: 'churn', estimateBytes };
}
