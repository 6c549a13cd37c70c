import { asSluiceError, type ErrorCode } from '../../../base/errors.ts';
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
 * Runs one bake with its record around it: the run's row from start to end, and the repository's state. The
 * caller holds the repository's claim. Throws what the bake throws, once that is recorded.
 */
export async function recordBake(
  repository: Repository,
  reason: string,
  context: RecordContext,
  run: () => Promise<BakeSummary>,
): Promise<BakeSummary> {
  const { store, clock } = context;
  const { id } = await store.runs.start(repository.id, reason, clock.nowMs());
  const log = context.log.child({ target: repository.url, run: id });
  log.info({ reason }, 'bake started');
  try {
    const summary = await run();
    // The first bake's commits are no news.
    const hasNews = summary.newCommits > 0 && repository.lastBakedAtMs !== null;
    await store.repositories.update(repository.id, {
      state: summary.movedTo === undefined ? 'ok' : 'moved',
      lastError: null,
      lastNewsAtMs: hasNews ? clock.nowMs() : undefined,
    });
    await store.runs.finish(id, { summary: JSON.stringify(summary) }, clock.nowMs());
    const { commits, newCommits, removedCommits, durationMs, cache } = summary;
    log.info({ commits, newCommits, removedCommits, durationMs, cache }, 'bake done');
    return summary;
  } catch (thrown) {
    const error = asSluiceError(thrown, { operation: 'bake', subject: repository.url });
    if (error.answer !== 'cancelled') {
      const state = STATE_AFTER[error.code] ?? 'failing';
      await store.repositories.update(repository.id, { state, lastError: error.message });
    }
    await store.runs.finish(id, { error }, clock.nowMs());
    if (error.code === 'room_awaited') log.info({ reason: error.message }, 'bake waits');
    else log.warn({ code: error.code, reason: error.message, hint: error.hint }, 'bake failed');
    throw error;
  }
}

/** Records a sync to which the remote was as before: no run, since nothing was done. The caller holds the claim. */
export async function recordUnchanged(
  repository: Repository,
  { store, clock, log }: RecordContext,
): Promise<void> {
  const state = repository.movedTo === null ? 'ok' : 'moved';
  await store.repositories.update(repository.id, { state, lastError: null, lastBakedAtMs: clock.nowMs() });
  log.debug({ target: repository.url }, 'nothing new');
}
