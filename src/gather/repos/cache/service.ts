import { SluiceError } from '../../../base/errors.ts';
import { makeFolder } from '../../../base/files/make-folder.ts';
import type { Service } from '../../../base/lifecycle.ts';
import type { Config } from '../../../config/schema.ts';
import type { Reclaimer } from '../../../keep/disk/budget.ts';
import { type CacheApi, cacheApi } from './api.ts';
import { CloneCache, type CloneCacheOptions } from './clone-cache.ts';
import { cloneReclaimer } from './reclaimer.ts';
import { currentCacheSettings } from './settings.ts';

/** What the service makes its cache of, and when. */
export interface CloneCacheServiceOptions extends Pick<CloneCacheOptions, 'clock' | 'log' | 'openBucket'> {
  /** As it is now. */
  readonly config: () => Config;
  /** Where relative paths of pinned repositories start. */
  readonly cwd: string;
  /** Throws `stopping` while they are not open. */
  readonly stores: () => Pick<CloneCacheOptions, 'clones' | 'queue'>;
}

/**
 * The clone cache as a service of the station:
 *
 *   closed ──start()──▶ open, taking over in the background what is on disk ──stop()──▶ closed
 */
export class CloneCacheService implements Service {
  readonly name = 'clone cache';
  readonly api: CacheApi;
  readonly #options: CloneCacheServiceOptions;
  #cache: CloneCache | undefined;

  constructor(options: CloneCacheServiceOptions) {
    this.#options = options;
    this.api = cacheApi(() => this.cache, options.cwd);
  }

  /** Throws `stopping` while it is closed. */
  get cache(): CloneCache {
    if (!this.#cache) throw new SluiceError('stopping', 'the station is not running');
    return this.#cache;
  }

  /** What the disk budget of a directory may take of it; see `cloneReclaimer`. */
  readonly reclaimer = (directory: string): Reclaimer =>
    cloneReclaimer(
      () => this.cache,
      () => this.#options.config().cache.directory,
      directory,
    );

  /** Throws as `cacheSettings`, and `disk_*`. */
  async start(): Promise<void> {
    if (this.#cache) return;
    const { config, cwd, stores, clock, log, openBucket } = this.#options;
    await makeFolder(config().cache.directory, 0o700);
    const { clones, queue } = stores();
    const settings = currentCacheSettings(config, cwd);
    const cache = new CloneCache({ clones, queue, settings, clock, log, openBucket });
    this.#cache = cache;
    cache.open().catch(error => log.warn({ err: error }, 'could not look through the clone cache'));
  }

  async stop(): Promise<void> {
    await this.#cache?.close();
    this.#cache = undefined;
  }
}
