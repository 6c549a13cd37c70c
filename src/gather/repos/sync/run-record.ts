import { asSluiceError, type ErrorCode, type SluiceError } from '../../../base/errors.ts';
import type { Claim } from '../../../engine/queue/work-queue.ts';
import { changeRepository, endRun, type StoreChange } from '../../../keep/store/change.ts';
import type { RepositoryChange } from '../../../keep/store/repositories.ts';
import type { EndOfRun } from '../../../keep/store/runs.ts';
import type { Repository, RepositoryState } from '../../../keep/store/types.ts';
import type { BakeSummary } from '../bake/bake.ts';
import type { RepositoryContext } from '../context.ts';

type RecordContext = Pick<RepositoryContext, 'store' | 'clock' | 'log'>;

/** What a failure says of the repository at its remote; any other failure is `failing`. */
const STATE_AFTER: Partial<Record<ErrorCode, RepositoryState>> = {
  not_a_repository: 'gone',
  authentication_required: 'private',
  repository_moved: 'moved',
  host_unknown: 'unreachable',
  host_unreachable: 'unreachable',
  connection_lost: 'unreachable',
  timed_out: 'unreachable',
};

/**
 * What a sync has come to. Nothing of it is in the store yet: whoever settles the claim has `changes` made with it, so
 * that one who has lost the claim leaves no word of its own beside its successor's.
 */
export interface RecordedSync {
  /** What becomes of the repository's row; a part of `changes`. */
  readonly change: RepositoryChange;
  readonly changes: readonly StoreChange[];
}

/** A bake that is over, whatever its end. */
export interface RecordedBake extends RecordedSync {
  readonly end: { readonly summary: BakeSummary } | { readonly error: SluiceError };
}

/**
 * Runs one bake, its run's row marked as running before it. The caller holds the repository's claim.
 * @throws SluiceError `database_*`, and `lease_lost` where the claim is lost before it begins
 */
export async function recordBake(
  repository: Repository,
  claim: Pick<Claim, 'token'>,
  reason: string,
  context: RecordContext,
  run: () => Promise<BakeSummary>,
): Promise<RecordedBake> {
  const { store, clock } = context;
  const { id } = await store.runs.start(repository.id, reason, clock.nowMs(), claim.token);
  const log = context.log.child({ target: repository.url, run: id });
  log.info({ reason }, 'bake started');
  const recorded = (change: RepositoryChange, end: EndOfRun): RecordedSync => ({
    change,
    changes: [changeRepository(repository.id, change), endRun(id, end, clock.nowMs())],
  });
  try {
    const summary = await run();
    const { commits, newCommits, removedCommits, durationMs, cache } = summary;
    log.info({ commits, newCommits, removedCommits, durationMs, cache }, 'bake done');
    // The first bake's commits are no news.
    const hasNews = newCommits > 0 && repository.lastBakedAtMs !== null;
    const change: RepositoryChange = {
      state: summary.movedTo === undefined ? 'ok' : 'moved',
      lastError: null,
      lastNewsAtMs: hasNews ? clock.nowMs() : undefined,
    };
    return { ...recorded(change, { summary: JSON.stringify(summary) }), end: { summary } };
  } catch (thrown) {
    const error = asSluiceError(thrown, { operation: 'bake', subject: repository.url });
    if (error.code === 'room_awaited') log.info({ reason: error.message }, 'bake waits');
    else log.warn({ code: error.code, reason: error.message, hint: error.hint }, 'bake failed');
    return { ...recorded(changeAfterFailure(error), { error }), end: { error } };
  }
}

/** What a failed sync says of its repository; one that was called off says nothing. Pure. */
export function changeAfterFailure(error: SluiceError): RepositoryChange {
  if (error.answer === 'cancelled') return {};
  return { state: STATE_AFTER[error.code] ?? 'failing', lastError: error.message };
}

/** A sync to which the remote was as before: no run, since nothing was done. */
export function recordUnchanged(repository: Repository, { clock, log }: RecordContext): RecordedSync {
  const state = repository.movedTo === null ? 'ok' : 'moved';
  const change: RepositoryChange = { state, lastError: null, lastBakedAtMs: clock.nowMs() };
  log.debug({ target: repository.url }, 'nothing new');
  return { change, changes: [changeRepository(repository.id, change)] };
}

/** As it will be once `change` is made. Pure. */
export function withChange(
  repository: Repository,
  { state, lastError, lastBakedAtMs, lastNewsAtMs }: RepositoryChange,
): Repository {
  return {
    ...repository,
    state: state ?? repository.state,
    lastError: lastError === undefined ? repository.lastError : lastError,
    lastBakedAtMs: lastBakedAtMs ?? repository.lastBakedAtMs,
    lastNewsAtMs: lastNewsAtMs ?? repository.lastNewsAtMs,
  };
}
