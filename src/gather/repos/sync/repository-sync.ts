import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import type { Config } from '../../../config/schema.ts';
import type { Store } from '../../../keep/store/store.ts';
import type { Repository } from '../../../keep/store/types.ts';
import { publicAddresses } from '../address/public-address.ts';
import { parseRepositoryUrl, type RepositoryUrl } from '../address/url.ts';
import type { BakeJob, BakeProgress, BakeSummary } from '../bake/bake.ts';
import { bakeJob, credentialsFor } from '../bake/job.ts';
import type { CloneCache } from '../cache/clone-cache.ts';
import { cacheRequest } from '../cache/request.ts';
import type { BakeThreads } from '../threads/pool.ts';
import { findNewPlace } from './redirect.ts';
import { lookFor } from './remote-check.ts';

/**
 * The ways to a repository's remote, found anew when one is closed:
 *
 *   own address ──redirects──▶ found and judged ──▶ place ──leads nowhere, or a day has passed──▶ own address
 *
 * The row keeps its own address, so that whoever asks by it goes on finding it.
 */
export interface RepositorySyncTools {
  readonly config: Config;
  readonly store: Store;
  readonly threads: Pick<BakeThreads, 'run' | 'look'>;
  readonly cache: CloneCache;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** For so long a redirect counts as seen; then its own address is asked again, which may have a repository of its own by then. */
const SEEN_FOR_MS = 24 * 3_600_000;

/** One visit to a repository, by whoever holds its claim. */
export class RepositorySync {
  readonly #repository: Repository;
  readonly #address: RepositoryUrl;
  readonly #tools: RepositorySyncTools;

  /** Throws `url_*` for what is no address of a repository (any more). */
  constructor(repository: Repository, tools: RepositorySyncTools) {
    this.#repository = repository;
    // The URL was checked against who asked for it when it was put on the schedule.
    this.#address = parseRepositoryUrl(repository.url, { from: 'config' });
    this.#tools = tools;
  }

  /** Whether a look at the remote shows that there is nothing to do. Throws as `nothingNew` does. */
  async nothingNew(): Promise<boolean> {
    const { threads, signal } = this.#tools;
    const place = this.#knownPlace();
    // Its own address is due to be asked again, and only a bake finds the place anew.
    if (this.#repository.movedTo !== null && !place) return false;
    const look = lookFor(this.#repository, await this.#job(place));
    return look !== undefined && (await threads.look(look, signal));
  }

  /** Bakes it, wherever it is. Throws as `bake` and `findNewPlace` do. */
  async bake(onProgress: (progress: BakeProgress) => void): Promise<BakeSummary> {
    const { threads, cache, signal } = this.#tools;
    const at = async (place: RepositoryUrl | undefined): Promise<BakeSummary> => {
      const job = await this.#job(place);
      const request = cacheRequest(job, signal, onProgress);
      return cache.using(request, inner => threads.run(job, inner, onProgress));
    };
    const known = this.#knownPlace();
    if (known) {
      try {
        return await at(known);
      } catch (error) {
        if (!isClosedWay(error)) throw error;
      }
    }
    try {
      const summary = await at(undefined);
      if (this.#repository.movedTo !== null) await this.#remember(undefined);
      return summary;
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== 'repository_moved') throw error;
      const place = await this.#find();
      await this.#remember(place);
      return at(place);
    }
  }

  #knownPlace(): RepositoryUrl | undefined {
    return knownPlace(this.#repository, this.#tools.clock.nowMs());
  }

  #job(place: RepositoryUrl | undefined): Promise<BakeJob> {
    return jobAt(place, this.#repository, this.#address, this.#tools.config);
  }

  #find(): Promise<RepositoryUrl> {
    const { config, signal } = this.#tools;
    return findNewPlace(this.#address, {
      addressesOf: place => addressesOf(place, this.#repository, this.#address, config),
      credentialsFor: place => credentialsFor(place, config),
      timeoutMs: config.git.connectTimeoutMs,
      signal,
    });
  }

  async #remember(place: RepositoryUrl | undefined): Promise<void> {
    const { store, clock } = this.#tools;
    await store.repositories.update(this.#repository.id, {
      movedTo: place?.url ?? null,
      movedSeenAtMs: place ? clock.nowMs() : null,
    });
  }
}

/** What work on a repository's clone needs, where it was last known to be. Throws `url_*`. */
export function jobFor(repository: Repository, config: Config, nowMs: number): Promise<BakeJob> {
  const address = parseRepositoryUrl(repository.url, { from: 'config' });
  return jobAt(knownPlace(repository, nowMs), repository, address, config);
}

async function jobAt(
  place: RepositoryUrl | undefined,
  repository: Repository,
  address: RepositoryUrl,
  config: Config,
): Promise<BakeJob> {
  const addresses = await addressesOf(place ?? address, repository, address, config);
  return bakeJob(repository, address, config, { addresses, place });
}

function knownPlace({ movedTo, movedSeenAtMs }: Repository, nowMs: number): RepositoryUrl | undefined {
  const isFresh = nowMs - (movedSeenAtMs ?? 0) < SEEN_FOR_MS;
  return movedTo !== null && isFresh ? parseRepositoryUrl(movedTo, { from: 'config' }) : undefined;
}

/**
 * What was asked for over the API, and what a host sends us to, may only be on the public internet unless the
 * configuration says otherwise (S3). What the configuration or the command line names may be anywhere, and may
 * move about on its own host.
 */
async function addressesOf(
  { scheme, host, port }: RepositoryUrl,
  repository: Repository,
  own: RepositoryUrl,
  { git }: Config,
): Promise<readonly string[] | undefined> {
  const isOwnHost = host === own.host && port === own.port;
  if (scheme === 'file' || git.allowPrivateAddresses) return undefined;
  return isTrusted(repository) && isOwnHost ? undefined : publicAddresses(host);
}

/** Whether somebody who may name any address wants it tracked: everybody but who asks over the API. */
export function isTrusted({ trackedBy }: Pick<Repository, 'trackedBy'>): boolean {
  return trackedBy.some(origin => origin !== 'api');
}

/** Whether the place that a repository had moved to is no longer one. */
function isClosedWay(error: unknown): boolean {
  const codes = [
    'not_a_repository',
    'repository_moved',
    'authentication_required',
    'url_refused',
    'host_unknown',
  ];
  return error instanceof SluiceError && codes.includes(error.code);
}
