import type { Config } from '../../../config/schema.ts';
import { addressKey } from '../address/same-address.ts';
import { configuredAddress } from '../address/url.ts';
import { type ColdPlace, parseColdPlace } from './cold/place.ts';

/** What the cache keeps to; sizes in bytes. */
export interface CacheSettings {
  readonly directory: string;
  readonly minFreeBytes: number;
  /** Undefined: no limit but the disk. */
  readonly maxBytes: number | undefined;
  /** What the configuration pins, by `addressKey`. */
  readonly neverEvict: ReadonlySet<string>;
  readonly coldStorage: ColdPlace | undefined;
  /** What becomes of a clone that must go while cold storage does not answer. */
  readonly coldStorageUnavailable: 'evict' | 'keep';
}

/**
 * The cache's settings of a configuration. Throws `url_*` for a pinned repository that cannot be one,
 * `destination_invalid` for cold storage that cannot be a place.
 * @param cwd where relative paths of pinned repositories start
 */
export function cacheSettings({ cache }: Config, cwd: string): CacheSettings {
  return {
    directory: cache.directory,
    minFreeBytes: cache.minFreeDiskBytes,
    maxBytes: cache.maxSizeBytes,
    neverEvict: new Set(cache.neverEvict.map(text => addressKey(configuredAddress(text, cwd).url))),
    coldStorage: cache.coldStorage === undefined ? undefined : parseColdPlace(cache.coldStorage),
    coldStorageUnavailable: cache.coldStorageUnavailable,
  };
}

/**
 * The settings of the configuration as it is at each call, read once for each. Throws now, and then, as
 * `cacheSettings`.
 */
export function currentCacheSettings(config: () => Config, cwd: string): () => CacheSettings {
  let configRead = config();
  let settings = cacheSettings(configRead, cwd);
  return () => {
    const configNow = config();
    if (configNow !== configRead) {
      settings = cacheSettings(configNow, cwd);
      configRead = configNow;
    }
    return settings;
  };
}
