import { SluiceError } from '../../../base/errors.ts';
import { configuredAddress } from '../address/url.ts';
import type { CacheEntry, CacheFigures, CloneCache } from './clone-cache.ts';
import type { EvictedClones } from './room.ts';

/** What people may do with the cache: the URLs as they write them. */
export interface CacheApi {
  list(): Promise<CacheEntry[]>;
  figures(): Promise<CacheFigures>;
  /** Throws `url_*`. */
  pin(url: string, pinned: boolean): Promise<void>;
  /** One clone, or as many as free that many bytes. Throws `url_*`, `not_found`, `clone_in_use`. */
  evict(
    what: { readonly url: string } | { readonly bytes: number },
    signal: AbortSignal,
  ): Promise<EvictedClones>;
}

/** @param cwd where relative paths start */
export function cacheApi(cache: () => CloneCache, cwd: string): CacheApi {
  const urlOf = async (text: string): Promise<string> => {
    const { url, host } = configuredAddress(text, cwd);
    // Of paths only those that the cache knows: nothing is said of any other.
    if (host === 'local' && !(await cache().knows(url)))
      throw new SluiceError('not_found', `the cache knows no repository ${text}`);
    return url;
  };
  return {
    list: () => cache().list(),
    figures: () => cache().figures(),
    pin: async (url, pinned) => cache().pin(await urlOf(url), pinned),
    evict: async (what, signal) =>
      'url' in what ? cache().evict(await urlOf(what.url), signal) : cache().free(what.bytes, signal),
  };
}

/** A clone as it is listed, for machines. Times are ISO 8601. */
export function listedClone(entry: CacheEntry) {
  const { url, onDisk, bytes, lean, lastUsedAtMs, hits, pinned, pinnedBy, cold } = entry;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    url,
    onDisk,
    bytes: onDisk ? bytes : 0,
    kind: lean ? ('lean' as const) : ('full' as const),
    lastUsedAt: lastUsedAtMs === 0 ? null : iso(lastUsedAtMs),
    hits,
    pinned,
    pinnedBy,
    cold: cold && { location: cold.location, bytes: cold.bytes, storedAt: iso(cold.atMs) },
  };
}
