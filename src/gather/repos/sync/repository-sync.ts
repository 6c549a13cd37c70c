import { SluiceError } from '../../../base/errors.ts';
import type { Config } from '../../../config/schema.ts';
import type { Claim } from '../../../engine/queue/work-queue.ts';
import type { Repository } from '../../../keep/store/types.ts';
import { addressesToPin } from '../address/network-policy.ts';
import { parseRepositoryUrl, type RepositoryUrl } from '../address/url.ts';
import type { BakeProgress, BakeSummary } from '../bake/bake.ts';
import { bakeJobAt, credentialsFor, knownPlace } from '../bake/prepare-job.ts';
import { remoteCheckFor } from '../bake/remote-check.ts';
import type { CloneCache } from '../cache/clone-cache.ts';
import { bakeRequest } from '../cache/request.ts';
import type { RepositoryContext } from '../context.ts';
import type { BakeThreads } from '../threads/pool.ts';
import { followRedirects } from './redirect.ts';

/** What a sync works with. */
export interface RepositorySyncContext extends Omit<RepositoryContext, 'queue'> {
  readonly cache: CloneCache;
  readonly threads: Pick<BakeThreads, 'bake' | 'isRemoteUnchanged'>;
}

/**
 * One sync of a repository, by whoever holds its claim. Where one way to its remote is closed, the next is tried:
 *
 *   own address ──redirects──▶ followed and judged ──▶ place ──leads nowhere, or a day has passed──▶ own address
 *
 * The row keeps its own address, so that whoever asks by it goes on finding it.
 */
export class RepositorySync {
  readonly #repository: Repository;
  /** Under which it is done; of high priority where somebody waits for it. */
  readonly #claim: Pick<Claim, 'token' | 'priority'>;
  readonly #address: RepositoryUrl;
  readonly #context: RepositorySyncContext;
  /** The same from the start of this sync to its end. */
  readonly #config: Config;
  readonly #signal: AbortSignal;

  /** Throws `url_*` for what is no address of a repository (any more). */
  constructor(
    repository: Repository,
    claim: Pick<Claim, 'token' | 'priority'>,
    context: RepositorySyncContext,
    signal: AbortSignal,
  ) {
    this.#claim = claim;
    this.#repository = repository;
    // The URL was checked against who asked for it when it was put on the schedule.
    this.#address = parseRepositoryUrl(repository.url, { from: 'config' });
    this.#context = context;
    this.#config = context.config();
    this.#signal = signal;
  }

  /** Whether a check of the remote shows that there is nothing to do. Throws as `isRemoteUnchanged` does. */
  async isUnchanged(): Promise<boolean> {
    const { threads } = this.#context;
    const place = this.#knownPlace();
    // Its own address is due to be asked again, and only a bake finds the place anew.
    if (this.#repository.movedTo !== null && !place) return false;
    const job = await bakeJobAt(place, this.#repository, this.#address, this.#claim, this.#config);
    const check = remoteCheckFor(this.#repository, job);
    return check !== undefined && (await threads.isRemoteUnchanged(check, this.#signal));
  }

  /** Bakes it, wherever it is. Throws as `bake` and `followRedirects` do. */
  async bake(onProgress: (progress: BakeProgress) => void): Promise<BakeSummary> {
    const known = this.#knownPlace();
    if (known) {
      try {
        return await this.#bakeAt(known, onProgress);
      } catch (error) {
        if (!isClosedWay(error)) throw error;
      }
    }
    try {
      const summary = await this.#bakeAt(undefined, onProgress);
      if (this.#repository.movedTo !== null) await this.#remember(undefined);
      return summary;
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== 'repository_moved') throw error;
      const place = await this.#followRedirects();
      await this.#remember(place);
      return this.#bakeAt(place, onProgress);
    }
  }

  async #bakeAt(
    place: RepositoryUrl | undefined,
    onProgress: (progress: BakeProgress) => void,
  ): Promise<BakeSummary> {
    const { threads, cache } = this.#context;
    const job = await bakeJobAt(place, this.#repository, this.#address, this.#claim, this.#config);
    const request = {
      ...bakeRequest(job, this.#signal, onProgress, this.#claim.priority === 'high'),
      mayLeave: true,
    };
    return cache.useForBake(request, signal => threads.bake(job, signal, onProgress));
  }

  #knownPlace(): RepositoryUrl | undefined {
    return knownPlace(this.#repository, this.#context.clock.nowMs());
  }

  #followRedirects(): Promise<RepositoryUrl> {
    return followRedirects(this.#address, {
      addressesOf: place => addressesToPin(place, this.#repository, this.#address, this.#config),
      credentialsFor: place => credentialsFor(place, this.#config),
      timeoutMs: this.#config.git.connectTimeoutMs,
      signal: this.#signal,
    });
  }

  async #remember(place: RepositoryUrl | undefined): Promise<void> {
    const { store, clock } = this.#context;
    await store.repositories.update(
      this.#repository.id,
      {
        movedTo: place?.url ?? null,
        movedSeenAtMs: place ? clock.nowMs() : null,
      },
      this.#claim.token,
    );
  }
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
