import { SluiceError } from '../../../base/errors.ts';
import { newWorkerId } from '../../../engine/queue/worker-id.ts';
import type { Repository } from '../../../keep/store/types.ts';
import type { CloneCache } from '../cache/clone-cache.ts';
import { withCloneClaim } from '../clone/claim.ts';
import type { ScheduleContext } from '../context.ts';
import { repositoryKey } from './schedule.ts';
import { untrack } from './track.ts';

/** What forgetting works with. */
export interface ForgetContext extends ScheduleContext {
  readonly cache: CloneCache;
  readonly signal: AbortSignal;
}

/**
 * Takes a repository out as if it had never been named: from tracking and schedule, its clone, its history. Throws
 * `usage` for one that the configuration goes on naming, `clone_in_use` while somebody works in it. May be cut off, and
 * called again.
 */
export async function forgetRepository(repository: Repository, context: ForgetContext): Promise<void> {
  const { queue, clock, store, cache, signal } = context;
  const left = await untrack(repository, ['cli', 'api'], context);
  if (left.tracked)
    throw new SluiceError('usage', `${repository.url} is tracked by ${left.trackedBy.join(', ')}`, {
      hint: 'Take it out of "repos" in sluice.yaml first; the next start would name it again.',
    });
  const forgotten = await withCloneClaim(
    repository.url,
    { queue, worker: newWorkerId(), clock },
    signal,
    async () => {
      await cache.forget(repository.url);
      await store.repositories.forget(repository.id);
      return true;
    },
  );
  if (forgotten === 'in use')
    throw new SluiceError('clone_in_use', `somebody is at work on ${repository.url}`, {
      hint: 'Try again when that is done; "sluice status" says what runs.',
    });
  await queue.drop(repositoryKey(repository));
}
