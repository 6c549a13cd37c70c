import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Config } from '../../config/schema.ts';
import { SYNC_RETRY } from '../../engine/retry.ts';
import type { Handler, Outcome } from '../../engine/work/handler.ts';
import type { Claim } from '../../engine/work/work.ts';
import type { Store } from '../../keep/store/store.ts';
import type { Repository } from '../../keep/store/types.ts';
import { publicAddresses } from './address.ts';
import type { BakeJob, BakeProgress } from './bake.ts';
import { recordedBake } from './record.ts';
import { bakeJob } from './settings.ts';
import type { BakeThreads } from './threads/pool.ts';
import { parseRepositoryUrl, type RepositoryUrl } from './url.ts';
import { nextFetch, urlOfKey } from './work.ts';

/** Bakes that are running in this process, with their latest progress, for status. */
export type RunningBakes = Map<string, BakeProgress | undefined>;

export interface HandlerTools {
  /** As it is now: it may change between two bakes. */
  readonly config: () => Config;
  readonly store: Store;
  readonly threads: BakeThreads;
  readonly clock: Clock;
  readonly log: Logger;
  readonly running: RunningBakes;
  /** Told after each bake, whatever its end. */
  readonly onEnd: () => void;
  /** Told after each bake that succeeded, before its claim is settled. */
  readonly onBaked?: (repository: Repository) => Promise<void>;
}

/** What the workers do with a repository whose time has come: bake it and say when it is next. */
export function repositoryHandler(tools: HandlerTools): Handler {
  return { retry: SYNC_RETRY, run: (claim, signal) => bakeClaimed(claim, signal, tools) };
}

/**
 * What was asked for over the API may only be on the public internet unless the configuration says otherwise (S3).
 * The configuration's own repositories may be anywhere.
 */
async function allowedAddresses(
  repository: Repository,
  { scheme, host }: RepositoryUrl,
  config: Config,
): Promise<readonly string[] | undefined> {
  if (repository.tracked || scheme === 'file' || config.git.allowPrivateAddresses) return undefined;
  return publicAddresses(host);
}

/** What a bake of the repository needs; throws `url_refused` where its address may not be connected to. */
export async function jobFor(repository: Repository, config: Config): Promise<BakeJob> {
  // The URL was checked against who asked for it when it was put on the schedule.
  const address = parseRepositoryUrl(repository.url, { from: 'config' });
  return bakeJob(repository, address, config, await allowedAddresses(repository, address, config));
}

async function bakeClaimed(claim: Claim, signal: AbortSignal, tools: HandlerTools): Promise<Outcome> {
  const { store, threads, running, clock } = tools;
  const repository = await store.repositories.byUrl(urlOfKey(claim.key));
  if (!repository) return { nextAtMs: null, reason: 'no longer known' };
  running.set(repository.url, undefined);
  try {
    await recordedBake(repository, claim.reason, tools, async () => {
      const job = await jobFor(repository, tools.config());
      return threads.run(job, signal, progress => running.set(repository.url, progress));
    });
  } catch (error) {
    // Nobody waits for another try of what was asked for once: its run has the error.
    if (repository.tracked || signal.aborted) throw error;
    return { nextAtMs: null, reason: 'failed when asked for' };
  } finally {
    running.delete(repository.url);
    tools.onEnd();
  }
  const baked = (await store.repositories.byId(repository.id)) ?? repository;
  await tools.onBaked?.(baked);
  return nextFetch(baked, clock.nowMs(), tools.config().schedule);
}
