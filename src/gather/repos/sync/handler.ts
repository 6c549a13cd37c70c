import type { Clock } from '../../../base/clock.ts';
import { asSluiceError, type SluiceError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import type { Config } from '../../../config/schema.ts';
import type { WorkHandler, WorkOutcome } from '../../../engine/queue/handler.ts';
import type { Claim } from '../../../engine/queue/work-queue.ts';
import { type RetrySchedule, SYNC_RETRY } from '../../../engine/retry.ts';
import type { Store } from '../../../keep/store/store.ts';
import type { Repository } from '../../../keep/store/types.ts';
import type { BakeProgress } from '../bake/bake.ts';
import { recordedBake, recordUnchanged } from '../bake/run-record.ts';
import type { CloneCache } from '../cache/clone-cache.ts';
import { CLONE_CLAIM_REASON } from '../clone/claim.ts';
import type { BakeThreads } from '../threads/pool.ts';
import { nextFetch, urlOfKey } from '../tracking/schedule.ts';
import { RepositorySync } from './repository-sync.ts';

/** Bakes that are running in this process, with their latest progress, for status. */
export type RunningBakes = Map<string, BakeProgress | undefined>;

export interface HandlerTools {
  /** As it is now: it may change between two bakes. */
  readonly config: () => Config;
  readonly store: Store;
  readonly threads: Pick<BakeThreads, 'run' | 'look'>;
  readonly cache: CloneCache;
  readonly clock: Clock;
  readonly log: Logger;
  readonly running: RunningBakes;
  /** Told after each bake, whatever its end. */
  readonly onEnd: () => void;
  /** Told of each visit to a tracked repository, of failed ones with how many there were in a row. May throw. */
  readonly onVisited?: (visited: SyncedRepository) => Promise<void>;
  /** Told after each bake that succeeded, before its claim is settled. */
  readonly onBaked?: (repository: Repository) => Promise<void>;
}

/** How a visit to a tracked repository ended. */
export interface SyncedRepository {
  /** As it is after the visit. */
  readonly repository: Repository;
  readonly failure?: { readonly error: SluiceError; readonly inARow: number };
}

/** What the workers do with a repository whose time has come: look at it, bake it if need be, say when it is next. */
export function repositoryHandler(tools: HandlerTools): WorkHandler {
  return {
    get retry() {
      return retryFor(tools.config());
    },
    run: (claim, signal) => visit(claim, signal, tools),
    async onFailure({ claim, error }) {
      const repository = await tools.store.repositories.byUrl(urlOfKey(claim.key));
      if (!repository?.tracked) return;
      await tools.onVisited?.({ repository, failure: { error, inARow: claim.attempt } });
    },
  };
}

/** Syncs back off within the same bounds in which they are done. */
function retryFor({ schedule }: Config): RetrySchedule {
  return { ...SYNC_RETRY, firstMs: schedule.minIntervalMs, maxMs: schedule.maxIntervalMs };
}

async function visit(claim: Claim, signal: AbortSignal, tools: HandlerTools): Promise<WorkOutcome> {
  const { store, running, clock, log } = tools;
  const repository = await store.repositories.byUrl(urlOfKey(claim.key));
  if (!repository) return { nextAtMs: null, reason: 'no longer known' };
  // Left by an eviction, or by churn, whose process died: nobody asked for a bake.
  if (claim.reason === CLONE_CLAIM_REASON && !repository.tracked)
    return { nextAtMs: null, reason: 'not tracked' };
  running.set(repository.url, undefined);
  try {
    await lookOrBake(repository, claim, signal, tools);
  } catch (error) {
    // Nobody waits for another try of what was asked for once: its run has the error.
    if (repository.tracked || signal.aborted) throw error;
    return { nextAtMs: null, reason: 'failed when asked for' };
  } finally {
    running.delete(repository.url);
    tools.onEnd();
  }
  const visited = (await store.repositories.byId(repository.id)) ?? repository;
  if (visited.tracked) {
    // What people are told is not worth doing the visit again.
    await tools.onVisited?.({ repository: visited }).catch(error => {
      log.error({ target: visited.url, err: error }, 'could not tell of a visit');
    });
  }
  return nextFetch(visited, clock.nowMs(), tools.config().schedule);
}

async function lookOrBake(
  repository: Repository,
  claim: Claim,
  signal: AbortSignal,
  tools: HandlerTools,
): Promise<void> {
  const { store, threads, cache, running, clock } = tools;
  const going = (): RepositorySync =>
    new RepositorySync(repository, { config: tools.config(), store, threads, cache, clock, signal });
  // Whoever asked for a bake gets one.
  const isAsked = (await store.runs.waiting(repository.id)) !== undefined;
  const looked =
    isAsked || !repository.tracked
      ? { nothingNew: false }
      : await look(going, repository.movedTo !== null, signal);
  if ('nothingNew' in looked && looked.nothingNew) return recordUnchanged(repository, tools);
  await recordedBake(repository, claim.reason, tools, async () => {
    if ('error' in looked) throw looked.error;
    return going().bake(progress => running.set(repository.url, progress));
  });
  await tools.onBaked?.((await store.repositories.byId(repository.id)) ?? repository);
}

/** A look that failed is the failure of the visit, unless the repository may be somewhere else: a bake finds it. */
async function look(
  going: () => RepositorySync,
  hasMoved: boolean,
  signal: AbortSignal,
): Promise<{ readonly nothingNew: boolean } | { readonly error: SluiceError }> {
  try {
    return { nothingNew: await going().nothingNew() };
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asSluiceError(thrown);
    return error.code === 'repository_moved' || hasMoved ? { nothingNew: false } : { error };
  }
}
