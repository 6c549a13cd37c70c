import { asSluiceError, type SluiceError } from '../../../base/errors.ts';
import { consecutiveSteps, type WorkStep } from '../../../base/spans.ts';
import type { Config } from '../../../config/schema.ts';
import type { WorkHandler, WorkOutcome } from '../../../engine/queue/handler.ts';
import type { Claim } from '../../../engine/queue/work-queue.ts';
import { type RetrySchedule, SYNC_RETRY } from '../../../engine/retry.ts';
import type { Repository } from '../../../keep/store/types.ts';
import type { BakeProgress } from '../bake/bake.ts';
import { untilThereIsRoom } from '../cache/no-room.ts';
import { CLONE_CLAIM_REASON } from '../clone/claim.ts';
import { nextRepositorySync, urlOfRepositoryKey } from '../tracking/schedule.ts';
import { RepositorySync, type RepositorySyncContext } from './repository-sync.ts';
import {
  changeAfterFailure,
  type RecordedBake,
  type RecordedSync,
  recordBake,
  recordUnchanged,
  withChange,
} from './run-record.ts';

/** Repositories that this process syncs now, by URL, with the latest progress of their bakes, for status. */
export type RunningSyncs = Map<string, BakeProgress | undefined>;

/** Who hears of syncs. */
export interface SyncListeners {
  /** Kept up to date. */
  readonly running: RunningSyncs;
  /**
   * Called after each sync of a tracked repository, before its claim is settled; after failed ones with how many there
   * were in a row. May throw.
   */
  readonly onSynced?: (synced: SyncedRepository) => Promise<void>;
  /** Called after each bake that succeeded, before its claim is settled, with the commits that it found. */
  readonly onBaked?: (repository: Repository, newCommits: number) => Promise<void>;
}

/** How the sync of a tracked repository ended. */
export interface SyncedRepository {
  /** As it is once the sync is settled. */
  readonly repository: Repository;
  readonly failure?: { readonly error: SluiceError; readonly inARow: number };
}

/**
 * What the workers do with a repository whose time has come: check its remote, bake it if need be, say when it is next.
 */
export function repositoryHandler(context: RepositorySyncContext, listeners: SyncListeners): WorkHandler {
  return {
    get retry() {
      return retryFor(context.config());
    },
    run: (claim, signal) => sync(claim, signal, context, listeners),
    async onFailure({ claim, error }) {
      const repository = await context.store.repositories.byUrl(urlOfRepositoryKey(claim.key));
      if (!repository?.tracked) return;
      await listeners.onSynced?.({
        repository: withChange(repository, changeAfterFailure(error)),
        failure: { error, inARow: claim.attempt },
      });
    },
  };
}

/** Syncs back off within the same bounds in which they are done. */
function retryFor({ schedule }: Config): RetrySchedule {
  return { ...SYNC_RETRY, firstMs: schedule.minIntervalMs, maxMs: schedule.maxIntervalMs };
}

async function sync(
  claim: Claim,
  signal: AbortSignal,
  context: RepositorySyncContext,
  listeners: SyncListeners,
): Promise<WorkOutcome> {
  const { store, clock, log } = context;
  const { running, onSynced } = listeners;
  const repository = await store.repositories.byUrl(urlOfRepositoryKey(claim.key));
  if (!repository) return { nextAtMs: null, reason: 'no longer known' };
  // Left by an eviction, or by churn, whose process died: nobody asked for a bake.
  if (claim.reason === CLONE_CLAIM_REASON && !repository.tracked)
    return { nextAtMs: null, reason: 'not tracked' };
  running.set(repository.url, undefined);
  let recorded: RecordedSync | TimedBake;
  try {
    recorded = await checkOrBake(repository, claim, signal, context, listeners);
  } finally {
    running.delete(repository.url);
  }
  const { change, changes } = recorded;
  if ('end' in recorded && 'error' in recorded.end) {
    const { error } = recorded.end;
    const postponed = untilThereIsRoom(error, clock.nowMs());
    if (postponed) return { ...postponed, changes };
    // Nobody waits for another try of what was asked for once: its run has the error.
    if (repository.tracked || signal.aborted) return { thrown: error, changes };
    return { nextAtMs: null, reason: 'failed when asked for', changes };
  }
  const synced = withChange((await store.repositories.byId(repository.id)) ?? repository, change);
  if (synced.tracked) {
    // A notification is not worth doing the sync again.
    await onSynced?.({ repository: synced }).catch(error => {
      log.error({ target: synced.url, err: error }, 'could not tell of a visit');
    });
  }
  const next = nextRepositorySync(synced, clock.nowMs(), context.config().schedule);
  const staysHere = await context.cache.isOnDisk(synced.url);
  return { ...next, changes, staysHere, steps: 'steps' in recorded ? recorded.steps : undefined };
}

interface TimedBake extends RecordedBake {
  readonly steps?: readonly WorkStep[];
}

async function checkOrBake(
  repository: Repository,
  claim: Claim,
  signal: AbortSignal,
  context: RepositorySyncContext,
  { running, onBaked }: SyncListeners,
): Promise<RecordedSync | TimedBake> {
  const { store } = context;
  // Whoever asked for a bake gets one.
  const isAsked = (await store.runs.waiting(repository.id)) !== undefined;
  const begin = (): RepositorySync => new RepositorySync(repository, claim, context, signal);
  const verdict =
    isAsked || !repository.tracked ? 'bake' : await checkRemote(begin, repository.movedTo !== null, signal);
  if (verdict === 'unchanged') return recordUnchanged(repository, context);
  const recorded = await recordBake(repository, claim, claim.reason, context, async () => {
    if (verdict !== 'bake') throw verdict.error;
    return begin().bake(progress => running.set(repository.url, progress));
  });
  if ('summary' in recorded.end) {
    const { newCommits, cache, durationMs, fetchMs } = recorded.end.summary;
    const beganMs = context.clock.nowMs() - durationMs;
    const steps = consecutiveSteps(beganMs, { [cache]: fetchMs, history: durationMs - fetchMs });
    await onBaked?.((await store.repositories.byId(repository.id)) ?? repository, newCommits);
    return { ...recorded, steps };
  }
  return recorded;
}

/** A check that failed is the failure of the sync, unless the repository may be somewhere else: a bake finds it. */
async function checkRemote(
  begin: () => RepositorySync,
  hasMoved: boolean,
  signal: AbortSignal,
): Promise<'unchanged' | 'bake' | { readonly error: SluiceError }> {
  try {
    return (await begin().isUnchanged()) ? 'unchanged' : 'bake';
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asSluiceError(thrown);
    return error.code === 'repository_moved' || hasMoved ? 'bake' : { error };
  }
}
