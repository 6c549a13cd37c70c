import { existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import type { Service } from '../../../base/lifecycle.ts';
import type { Logger } from '../../../base/log.ts';
import type { Config } from '../../../config/schema.ts';
import type { WorkQueue } from '../../../engine/queue/work-queue.ts';
import type { ObjectStore } from '../../../keep/buckets/bucket.ts';
import type { Profile } from '../../../keep/buckets/object-store-definition.ts';
import type { Reclaimer } from '../../../keep/disk/budget.ts';
import type { CloneRecords } from '../../../keep/local/clone-records.ts';
import { configuredAddress } from '../address/url.ts';
import { type CacheEntry, type CacheFigures, CloneCache } from './clone-cache.ts';
import type { EvictedClones } from './room.ts';
import { type CacheSettings, cacheSettings } from './settings.ts';

/** Their step in what gives way on a full disk. */
const CLONES = 'clones';

export interface CacheOptions {
  readonly clones: CloneRecords;
  readonly queue: WorkQueue;
  /** As it is now. */
  readonly config: () => Config;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly log: Logger;
  readonly loadObjectStores: (profiles: readonly Profile[]) => Promise<(profile: Profile) => ObjectStore>;
}

/** The cache of clones of a configuration, for a station or a command beside one. Throws as `cacheSettings`. */
export function createCloneCache(options: CacheOptions): CloneCache {
  const { clones, queue, clock, log } = options;
  let known: { readonly config: Config; readonly settings: CacheSettings } | undefined;
  const settings = (): CacheSettings => {
    const config = options.config();
    if (known?.config !== config) known = { config, settings: cacheSettings(config, options.cwd) };
    return known.settings;
  };
  settings();
  return new CloneCache({
    clones,
    queue,
    clock,
    log,
    settings,
    openBucket: name => openBucket(name, options),
  });
}

async function openBucket(name: string, options: CacheOptions): Promise<ObjectStore> {
  const { findProfiles } = await import('../../../keep/buckets/profiles.ts');
  const { deliver } = options.config();
  const profiles = await findProfiles({
    credentials: deliver.credentials,
    onlyCredentials: deliver.onlyCredentials,
    environment: options.env,
    root: deliver.directory,
    log: options.log,
  });
  const profile = profiles.find(each => each.name === name);
  if (profile) return (await options.loadObjectStores([profile]))(profile);
  throw new SluiceError(
    'destination_invalid',
    `cache.coldStorage names profile "${name}", which is not there`,
    {
      hint: `Profiles are: ${profiles.map(each => each.name).join(', ')}.`,
    },
  );
}

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
    // Of paths only those that the cache knows: nothing is told of any other.
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

/** A clone as it is listed, for machines (station.md, machine shapes). Times are ISO 8601. */
export function listedClone(entry: CacheEntry): Record<string, unknown> {
  const { url, onDisk, bytes, lean, lastUsedAtMs, hits, pinned, pinnedBy, cold } = entry;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    url,
    onDisk,
    bytes: onDisk ? bytes : 0,
    kind: lean ? 'lean' : 'full',
    lastUsedAt: lastUsedAtMs === 0 ? null : iso(lastUsedAtMs),
    hits,
    pinned,
    pinnedBy,
    cold: cold && { location: cold.location, bytes: cold.bytes, at: iso(cold.atMs) },
  };
}

/** The cache as a part of the station: what is on disk is taken over in the background. */
export class CachePart implements Service {
  readonly name = 'clone cache';
  readonly api: CacheApi;
  readonly #make: () => CloneCache;
  readonly #options: Pick<CacheOptions, 'config' | 'log'>;
  #cache: CloneCache | undefined;

  constructor(make: () => CloneCache, options: Pick<CacheOptions, 'config' | 'log' | 'cwd'>) {
    this.#make = make;
    this.#options = options;
    this.api = cacheApi(() => this.cache, options.cwd);
  }

  /** Throws `stopping` while it is not started. */
  get cache(): CloneCache {
    if (!this.#cache) throw new SluiceError('stopping', 'the station is not running');
    return this.#cache;
  }

  /** What the disk budget may take of it: nothing where the clones lie on another disk than `directory`. */
  readonly reclaimer = (directory: string): Reclaimer => {
    const here = (): Promise<boolean> => onOneDisk(this.#options.config().cache.directory, directory);
    return {
      name: CLONES,
      reclaimableBytes: async () => ((await here()) ? this.cache.evictableBytes() : 0),
      free: async bytes => {
        if (!(await here())) return { files: 0, bytes: 0 };
        const { evicted, freedBytes } = await this.cache.free(bytes);
        return { files: evicted.length, bytes: freedBytes };
      },
    };
  };

  async start(): Promise<void> {
    if (this.#cache) return;
    await mkdir(this.#options.config().cache.directory, { recursive: true });
    const cache = this.#make();
    this.#cache = cache;
    cache
      .open()
      .catch(error => this.#options.log.warn({ err: error }, 'could not look through the clone cache'));
  }

  async stop(): Promise<void> {
    await this.#cache?.close();
    this.#cache = undefined;
  }
}

/** What the disk budget could take of the clones on record, for a plan without a station; changes nothing. */
export function recordedClones(cache: CloneCache, cacheDirectory: string, directory: string) {
  return {
    name: CLONES,
    reclaimableBytes: async (): Promise<number> =>
      existsSync(cacheDirectory) && (await onOneDisk(cacheDirectory, directory))
        ? cache.recordedEvictableBytes()
        : 0,
  };
}

async function onOneDisk(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([stat(one), stat(other)]);
  return first.dev === second.dev;
}
