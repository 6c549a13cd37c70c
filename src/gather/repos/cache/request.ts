import type { BakeJob, BakeProgress } from '../bake.ts';
import type { CacheRequest } from './clone-cache.ts';
import { estimateFromHost } from './estimate.ts';

/** What a bake's job asks of the cache. */
export function cacheRequest(
  { address, credentials }: BakeJob,
  signal: AbortSignal,
  onProgress: (progress: BakeProgress) => void,
): CacheRequest {
  return {
    url: address.url,
    signal,
    onProgress,
    estimateBytes: asking => estimateFromHost(address, { credentials, lean: true, signal: asking }),
  };
}
